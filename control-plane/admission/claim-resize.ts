/** A claim grows only where its class allows it; that it must have its volume is part of its own rules. */
import { forbidden } from '../../api/errors.ts';
import { classOfClaim, requestOfClaim } from '../../api/machinery/persistent-volumes.ts';
import { QuantityError, compareQuantities } from '../../api/machinery/quantity.ts';
import type { PersistentVolumeClaim } from '../../api/types/core.v1.ts';
import type { StorageClass } from '../../api/types/storage.v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';
import type { Lookup } from './lookup.ts';

export class ClaimResize implements AdmissionPlugin {
  readonly name = 'PersistentVolumeClaimResize';
  private readonly classes: Lookup<StorageClass>;

  constructor({ classes }: { classes: Lookup<StorageClass> }) {
    this.classes = classes;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    return kind.kind === 'PersistentVolumeClaim' && operation === 'UPDATE' && subresource === undefined;
  }

  async validate({ kind, name, object, previous }: AdmissionRequest): Promise<void> {
    const [now, before] = [object, previous] as unknown as PersistentVolumeClaim[];
    if (!now || !before || !isLarger(now, before)) return;
    const className = classOfClaim(before);
    const storageClass = className ? await this.classes.find('', className) : undefined;
    if (storageClass?.allowVolumeExpansion && classOfClaim(now) === className) return;
    const detail =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw forbidden(kind, name, detail);
  }
}

/** What is no quantity is for validation to refuse. */
function isLarger(now: PersistentVolumeClaim, before: PersistentVolumeClaim): boolean {
  const [wanted, had] = [now, before].map(({ spec }) => spec.resources?.requests?.['storage']);
  if (wanted === had) return false;
  try {
    return compareQuantities(requestOfClaim(now), requestOfClaim(before)) > 0;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}
