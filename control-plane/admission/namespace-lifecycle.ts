/** Nothing is made in a namespace that is not there or is going away; the namespaces all else needs can't be deleted. */
import { forbidden, isStatusError, notFound, StatusError } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import type { Namespace } from '../../api/types/core.v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

export interface NamespaceLifecycleOptions {
  /** The namespace as a cache knows it. */
  known(name: string): Namespace | undefined;
  /** The committed namespace; rejects with NotFound. Asked only when the cache has none. */
  get(name: string): Promise<Namespace>;
}

export class NamespaceLifecycle implements AdmissionPlugin {
  readonly name = 'NamespaceLifecycle';
  private readonly options: NamespaceLifecycleOptions;

  constructor(options: NamespaceLifecycleOptions) {
    this.options = options;
  }

  handles(request: AdmissionRequest): boolean {
    if (request.operation === 'DELETE') return request.kind.kind === 'Namespace';
    return request.operation === 'CREATE' && request.kind.namespaced;
  }

  /** First of all rules: what is wrong with an object is of no interest where there is no place for it. */
  async mutate(request: AdmissionRequest): Promise<void> {
    if (request.operation !== 'CREATE') return;
    const namespace = await this.find(request.namespace);
    if (namespace.metadata.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating') {
      throw terminating(request);
    }
  }

  validate(request: AdmissionRequest): void {
    if (request.operation === 'DELETE' && IMMORTAL.has(request.name)) {
      throw forbidden(request.kind, request.name, 'this namespace may not be deleted');
    }
  }

  private async find(name: string): Promise<Namespace> {
    const known = this.options.known(name);
    if (known) return known;
    try {
      return await this.options.get(name);
    } catch (error) {
      if (isStatusError(error, 'NotFound')) throw notFound(kinds.namespaces, name);
      throw error;
    }
  }
}

function terminating({ kind, name, namespace }: AdmissionRequest): StatusError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { code, reason, message, details } = forbidden(kind, name, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new StatusError({ code, reason, message, details: { ...details, causes: [cause] } });
}
