/** Claims and ingresses that name no class get the one marked as the default; of several, the newest. */
import { defaultIngressClass, defaultStorageClass } from '../../api/machinery/default-classes.ts';
import { classOfClaim } from '../../api/machinery/persistent-volumes.ts';
import type { PersistentVolumeClaim } from '../../api/types/core.v1.ts';
import type { Ingress, IngressClass } from '../../api/types/networking.v1.ts';
import type { StorageClass } from '../../api/types/storage.v1.ts';
import type { Lookup } from './lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

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
    const claim = object as unknown as PersistentVolumeClaim;
    // An empty name asks for a volume without a class.
    if (classOfClaim(claim) !== undefined) return;
    const name = defaultStorageClass(this.classes.all())?.metadata.name;
    if (name !== undefined) claim.spec.storageClassName = name;
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
    const name = defaultIngressClass(this.classes.all())?.metadata.name;
    if (name !== undefined) spec.ingressClassName = name;
  }
}

function isNew({ kind, operation, subresource }: AdmissionRequest, wanted: string): boolean {
  return kind.kind === wanted && operation === 'CREATE' && subresource === undefined;
}
