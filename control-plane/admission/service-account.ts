/** Each pod runs as a service account, `default` unless it names another, and may pull images as that account may. */
import { forbidden, isStatusError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Pod, ServiceAccount } from '../../api/schema/types/core.v1.ts';
import { MIRROR_ANNOTATION } from '../auth/node/references.ts';
import type { AdmissionPlugin, AdmissionRequest } from './port.ts';

const DEFAULT_ACCOUNT = 'default';

export interface ServiceAccountAdmissionOptions {
  known(namespace: string, name: string): ServiceAccount | undefined;
  /** The committed account; rejects with NotFound. */
  get(namespace: string, name: string): Promise<ServiceAccount>;
}

export class ServiceAccountAdmission implements AdmissionPlugin {
  readonly name = 'ServiceAccount';
  private readonly options: ServiceAccountAdmissionOptions;

  constructor(options: ServiceAccountAdmissionOptions) {
    this.options = options;
  }

  handles(request: AdmissionRequest): boolean {
    const { kind, operation, subresource, object } = request;
    if (kind.kind !== 'Pod' || operation !== 'CREATE' || subresource !== undefined) return false;
    // What a node runs by itself runs as nobody.
    return object?.metadata.annotations?.[MIRROR_ANNOTATION] === undefined;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    const { spec } = request.object as KubeObject as Pod;
    spec.serviceAccountName ||= DEFAULT_ACCOUNT;
    spec.serviceAccount = spec.serviceAccountName;
    const account = await this.find(request, spec.serviceAccountName);
    if (!spec.imagePullSecrets?.length && account?.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
    }
  }

  /** The default account may be missing for a moment: its controller makes it, and a pod need not wait for that. */
  private async find(request: AdmissionRequest, name: string): Promise<ServiceAccount | undefined> {
    const known = this.options.known(request.namespace, name);
    if (known || name === DEFAULT_ACCOUNT) return known;
    try {
      return await this.options.get(request.namespace, name);
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
      const why = `error looking up service account ${request.namespace}/${name}: ${error.message}`;
      throw forbidden(request.kind, request.name, why);
    }
  }
}
