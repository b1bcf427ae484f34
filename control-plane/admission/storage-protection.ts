/** Volumes and claims stay until nobody uses them: they are born with a finalizer that a controller takes away in time. */
import type { AdmissionPlugin } from '../registry/admission.ts';

export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

const FINALIZERS: ReadonlyMap<string, string> = new Map([
  ['PersistentVolumeClaim', CLAIM_PROTECTION],
  ['PersistentVolume', VOLUME_PROTECTION],
]);

export const storageProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ({ kind, operation, subresource }) =>
    kind.group === '' && FINALIZERS.has(kind.kind) && operation === 'CREATE' && subresource === undefined,
  mutate({ kind, object }) {
    const finalizer = FINALIZERS.get(kind.kind);
    if (!object || finalizer === undefined) return;
    const present = object.metadata.finalizers ?? [];
    if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
  },
};
