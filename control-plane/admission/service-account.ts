/**
 * Each pod runs as a service account, `default` unless it names another: it may pull images as that account may, and finds
 * what it needs to speak to the API as that account in its files.
 */
import { forbidden, isStatusError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../api/types/core.v1.ts';
import { MIRROR_ANNOTATION } from '../auth/node/references.ts';
import { referencesOf } from '../../api/machinery/pod-references.ts';
import { enforcesMountableSecrets, unmountableInEphemeral, unmountableSecret } from './mountable-secrets.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

const DEFAULT_ACCOUNT = 'default';
/** Where every client library looks. */
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** Told apart from an hour that somebody asked for. */
const TOKEN_SECONDS = 3607;

export interface ServiceAccountAdmissionOptions {
  known(namespace: string, name: string): ServiceAccount | undefined;
  /** The committed account; rejects with NotFound. */
  get(namespace: string, name: string): Promise<ServiceAccount>;
  /** `prefix` and five characters of which no word can be made. */
  generateName(prefix: string): string;
}

export class ServiceAccountAdmission implements AdmissionPlugin {
  readonly name = 'ServiceAccount';
  private readonly options: ServiceAccountAdmissionOptions;

  constructor(options: ServiceAccountAdmissionOptions) {
    this.options = options;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    if (kind.group !== '' || kind.kind !== 'Pod') return false;
    if (subresource === 'ephemeralcontainers') return operation === 'UPDATE';
    return operation === 'CREATE' && subresource === undefined;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    if (request.operation !== 'CREATE' || isMirror(request)) return;
    const { spec } = request.object as KubeObject as Pod;
    spec.serviceAccountName ||= DEFAULT_ACCOUNT;
    spec.serviceAccount = spec.serviceAccountName;
    const account = await this.find(request, spec.serviceAccountName);
    if (!spec.imagePullSecrets?.length && account?.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
    }
    // The pod's word counts before the account's.
    const mounts = spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
    if (mounts) this.mountAccess(spec);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const pod = request.object as KubeObject as Pod;
    const refuse = (why: string): Error => forbidden(request.kind, request.name, why);
    if (request.operation === 'CREATE' && isMirror(request)) {
      const why = mirrorMistake(pod);
      if (why !== undefined) throw refuse(why);
      return;
    }
    const account = await this.find(request, pod.spec.serviceAccountName ?? '');
    if (!account || !enforcesMountableSecrets(account)) return;
    const why = request.operation === 'CREATE' ? unmountableSecret(pod, account) : unmountableInEphemeral(pod, account);
    if (why !== undefined) throw refuse(why);
  }

  /** A container that mounts something else there gets nothing. */
  private mountAccess(spec: PodSpec): void {
    const without = [...(spec.initContainers ?? []), ...spec.containers].filter(
      ({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH),
    );
    if (without.length === 0) return;
    const present = spec.volumes?.find(({ name, projected }) => projected && name.startsWith(VOLUME_PREFIX));
    const volume = present ?? accessVolume(this.options.generateName(VOLUME_PREFIX));
    if (!present) spec.volumes = [...(spec.volumes ?? []), volume];
    for (const container of without) addMount(container, volume.name);
  }

  /** The default account may be missing for a moment: its controller makes it, and a pod need not wait for that. */
  private async find(request: AdmissionRequest, name: string): Promise<ServiceAccount | undefined> {
    const known = this.options.known(request.namespace, name);
    if (known || name === DEFAULT_ACCOUNT) return known;
    try {
      return await this.options.get(request.namespace, name);
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
      const why = `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`;
      throw forbidden(request.kind, request.name, why);
    }
  }
}

/** What a node runs by itself runs as nobody. */
function isMirror({ object }: AdmissionRequest): boolean {
  return object?.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
}

function mirrorMistake(pod: Pod): string | undefined {
  if (pod.spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  if (referencesOf(pod).some(({ resource }) => resource === 'secrets')) return 'a mirror pod may not reference secrets';
  const sources = (pod.spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  if (!sources.some(({ serviceAccountToken }) => serviceAccountToken)) return undefined;
  return 'a mirror pod may not use ServiceAccountToken volume projections';
}

function addMount(container: Container, name: string): void {
  const mount = { name, readOnly: true, mountPath: MOUNT_PATH };
  container.volumeMounts = [...(container.volumeMounts ?? []), mount];
}

function accessVolume(name: string): Volume {
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
      ],
    },
  };
}
