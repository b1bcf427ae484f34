/** Claims and ingresses that name no class get the one marked as the default; of several, the newest. */
import type { KubeObject } from '../../api/object.ts';
import type { PersistentVolumeClaim } from '../../api/types/core.v1.ts';
import type { Ingress, IngressClass } from '../../api/types/networking.v1.ts';
import type { StorageClass } from '../../api/types/storage.v1.ts';
import type { Lookup } from './lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

const DEFAULT_STORAGE = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const DEFAULT_INGRESS = ['ingressclass.kubernetes.io/is-default-class'];
const CLASS_OF_CLAIM = 'volume.beta.kubernetes.io/storage-class';
const CLASS_OF_INGRESS = 'kubernetes.io/ingress.class';

export class DefaultStorageClass implements AdmissionPlugin {
  readonly name = 'DefaultStorageClass';
  private readonly classes: Lookup<StorageClass>;

  constructor({ classes }: { classes: Lookup<StorageClass> }) {
    this.classes = classes;
  }

  handles(request: AdmissionRequest): boolean {
    return isNew(request, 'PersistentVolumeClaim');
  }

  mutate({ object }: AdmissionRequest): void {
    const { metadata, spec } = object as unknown as PersistentVolumeClaim;
    // An empty name asks for a volume without a class.
    if (spec.storageClassName !== undefined || metadata.annotations?.[CLASS_OF_CLAIM] !== undefined) return;
    const name = newestDefault(this.classes.all(), DEFAULT_STORAGE);
    if (name !== undefined) spec.storageClassName = name;
  }
}

export class DefaultIngressClass implements AdmissionPlugin {
  readonly name = 'DefaultIngressClass';
  private readonly classes: Lookup<IngressClass>;

  constructor({ classes }: { classes: Lookup<IngressClass> }) {
    this.classes = classes;
  }

  handles(request: AdmissionRequest): boolean {
    return isNew(request, 'Ingress');
  }

  mutate({ object }: AdmissionRequest): void {
    const { metadata, spec } = object as unknown as Ingress;
    if (spec.ingressClassName !== undefined || metadata.annotations?.[CLASS_OF_INGRESS] !== undefined) return;
    const name = newestDefault(this.classes.all(), DEFAULT_INGRESS);
    if (name !== undefined) spec.ingressClassName = name;
  }
}

function isNew({ kind, operation, subresource }: AdmissionRequest, wanted: string): boolean {
  return kind.kind === wanted && operation === 'CREATE' && subresource === undefined;
}

function newestDefault(classes: Iterable<KubeObject>, annotations: readonly string[]): string | undefined {
  const defaults = [...classes].filter(({ metadata }) =>
    annotations.some((annotation) => metadata.annotations?.[annotation] === 'true'),
  );
  const rank = ({ metadata }: KubeObject): string => metadata.creationTimestamp ?? '';
  const name = ({ metadata }: KubeObject): string => metadata.name ?? '';
  defaults.sort((a, b) => (rank(a) === rank(b) ? (name(a) < name(b) ? -1 : 1) : rank(a) > rank(b) ? -1 : 1));
  return defaults[0]?.metadata.name;
}
