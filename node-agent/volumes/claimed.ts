/** From a pod's volume to the persistent volume behind its claim. What stands in the way is said as kubelet says it. */
import { matchesTerm } from '../../api/machinery/node-selector.ts';
import { LOCAL_DRIVER } from '../../api/machinery/local-volumes.ts';
import { claimOf } from '../../api/machinery/pod-claims.ts';
import type { NodeClaim, NodeVolume } from '../../api/node-volumes.ts';
import { objectKey } from '../../api/object.ts';
import type { HostPathVolumeSource, PersistentVolumeSpec, Pod, Volume } from '../../api/types/core.v1.ts';
import type { View } from '../../lib/view.ts';
import { VolumeError } from './port.ts';

/** The message is whole: it names the volume and what was tried. */
export class MountError extends VolumeError {
  override readonly name = 'MountError';
}

export type Place =
  /** A directory of our own driver, by the name of it. */
  | { readonly kind: 'provisioned'; readonly handle: string }
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'hostPath'; readonly source: HostPathVolumeSource };

/** Throws {@link MountError} when the claim can't be used by the pod, or not yet. */
export function volumeOf(pod: Pod, volume: Volume, claims: View<NodeClaim>): NodeVolume {
  const name = claimOf(pod, volume) ?? '';
  const key = objectKey(pod.metadata.namespace, name);
  const claim = claims.get(key);
  const bound = claim ? usable(pod, volume, claim, key) : { problem: missing(name) };
  if ('volume' in bound) return bound.volume;
  const list = `[${volume.name}]`;
  throw new MountError(
    `Unable to attach or mount volumes: unmounted volumes=${list}, unattached volumes=[], ` +
      `failed to process volumes=${list}: ${bound.problem}`,
  );
}

function missing(claim: string): string {
  return `error processing PVC ${claim}: failed to fetch PVC from API server: persistentvolumeclaims "${claim}" not found`;
}

function usable(pod: Pod, volume: Volume, claim: NodeClaim, key: string): NodeClaim['bound'] {
  const { namespace, name, uid } = pod.metadata;
  if (volume.ephemeral && claim.controller !== uid) {
    return { problem: `PVC ${key} was not created for pod ${namespace}/${name} (pod is not owner)` };
  }
  if (claim.isBeingDeleted) return { problem: `error processing PVC ${key}: PVC is being deleted` };
  if ('problem' in claim.bound) return { problem: `error processing PVC ${key}: ${claim.bound.problem}` };
  const { volumeMode = 'Filesystem' } = claim.bound.volume.spec;
  if (volumeMode === 'Filesystem') return claim.bound;
  return { problem: `volume ${volume.name} has volumeMode ${volumeMode}, but is specified in volumeMounts` };
}

/** Throws {@link MountError} when the volume is on other nodes only. */
export function checkNode(
  { name, spec }: NodeVolume,
  node: { readonly name: string; readonly labels: Readonly<Record<string, string>> | undefined },
): void {
  const required = spec.nodeAffinity?.required;
  if (!required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node.labels, node.name))) return;
  throw new MountError(`MountVolume.NodeAffinity check failed for volume "${name}" : no matching NodeSelectorTerms`);
}

const OPTIONS: ReadonlySet<string> = new Set(['ro', 'rw']);

/** Throws {@link VolumeError} for what no node of Dure mounts. */
export function placeOf(spec: PersistentVolumeSpec): Place {
  const odd = spec.mountOptions?.filter((option) => !OPTIONS.has(option)) ?? [];
  if (odd.length > 0) throw new VolumeError(`the mount options ${odd.join(', ')} are not supported; ro and rw are`);
  if (spec.csi?.driver === LOCAL_DRIVER) return { kind: 'provisioned', handle: checkedHandle(spec.csi.volumeHandle) };
  if (spec.local) return { kind: 'local', path: spec.local.path };
  if (spec.hostPath) return { kind: 'hostPath', source: spec.hostPath };
  const kind = spec.csi ? `volumes of the CSI driver ${spec.csi.driver}` : `${foreignKind(spec)} volumes`;
  throw new VolumeError(`${kind} are not mounted by Dure; local, hostPath and those of the driver ${LOCAL_DRIVER} are`);
}

/** Whether nothing may be written to it, whatever the pod says. */
export function isReadOnly({ csi, mountOptions }: PersistentVolumeSpec): boolean {
  return (csi?.readOnly ?? false) || (mountOptions?.includes('ro') ?? false);
}

/** A name in the directory of volumes, and never a way out of it. */
export function checkedHandle(handle: string): string {
  if (!/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(handle)) {
    throw new VolumeError(`volumeHandle "${handle}" is no name of a volume`);
  }
  return handle;
}

const NOT_SOURCES: ReadonlySet<string> = new Set<keyof PersistentVolumeSpec>([
  'capacity',
  'accessModes',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
]);

function foreignKind(spec: PersistentVolumeSpec): string {
  return Object.keys(spec).find((field) => !NOT_SOURCES.has(field)) ?? 'such';
}
