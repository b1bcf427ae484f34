/**
 * What the scheduler knows of claims and volumes: the views, and what it has decided that they do not show yet. Which
 * volume a claim is to have, or on which node one is to be made for it, is decided together with the pod's node.
 */
import { LOCAL_DRIVER } from '../../api/machinery/local-volumes.ts';
import {
  SELECTED_NODE,
  allowsTopology,
  classOfClaim,
  isClaimOfPod,
  isFullyBound,
  isKeptFor,
  reachesNode,
  requestOfClaim,
  volumesFor,
  waitsForConsumer,
  whyNotLocal,
} from '../../api/machinery/persistent-volumes.ts';
import { compareQuantities } from '../../api/machinery/quantity.ts';
import type { Labels } from '../../api/machinery/selectors.ts';
import { keyOf } from '../../api/object.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core.v1.ts';
import type { StorageClass } from '../../api/types/storage.v1.ts';
import type { View } from '../../lib/view.ts';
import type { PodInfo } from './pod-info.ts';

export interface VolumeViews {
  readonly claims: View<PersistentVolumeClaim>;
  /** Indexed as `free` by the class of those that are kept for nobody, and as `claim` by the claim that they are kept for. */
  readonly volumes: View<PersistentVolume>;
  readonly classes: View<StorageClass>;
}

/** A claim without a volume, of a class that waits for a pod. */
interface OpenClaim {
  readonly claim: PersistentVolumeClaim;
  /** Those that it may have, the best first. */
  readonly candidates: readonly PersistentVolume[];
  readonly storageClass: StorageClass | undefined;
  /** Where its volume is being made. */
  readonly selected: string | undefined;
}

/** What a pod's claims ask of its node. */
export interface Needs {
  readonly bound: readonly PersistentVolume[];
  /** A claim is bound to a volume that is not there. */
  readonly isVolumeMissing: boolean;
  readonly open: readonly OpenClaim[];
}

/** What is to become of one open claim. */
export type Step =
  | { readonly do: 'keep'; readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }
  | { readonly do: 'provision'; readonly claim: PersistentVolumeClaim };

/** Why a node is none for the claims, as Kubernetes says it of a number of nodes. */
export type Conflict = 'affinity' | 'no volume' | 'missing volume';

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export class Volumes {
  /** Goes up whenever an answer may have changed. */
  version = 0;
  private readonly views: VolumeViews | undefined;
  /** By name of the volume: the key of the claim that it is to be kept for. */
  private readonly promised = new Map<string, string>();
  /** By key of the claim: the nodes of pods for which it is to be made a volume there. */
  private readonly selected = new Map<string, { node: string; pods: number }>();

  /** Without views there are no claims. */
  constructor(views?: VolumeViews) {
    this.views = views;
  }

  claim(key: string): PersistentVolumeClaim | undefined {
    return this.views?.claims.get(key);
  }

  volume(name: string): PersistentVolume | undefined {
    return this.views?.volumes.get(name);
  }

  /** Why the pod can be on no node, whichever it is; in Kubernetes' words. */
  objection({ claims = [], pod }: PodInfo): string | undefined {
    for (const { key, name, isEphemeral } of claims) {
      const claim = this.claim(key);
      if (!claim) {
        return isEphemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
          : `persistentvolumeclaim "${name}" not found`;
      }
      if (claim.status.phase === 'Lost') {
        return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`;
      }
      if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
      if (isEphemeral && !isClaimOfPod(claim, pod)) {
        return `PVC ${key} was not created for pod ${keyOf(pod)} (pod is not owner)`;
      }
    }
    return claims.some(({ key }) => this.isUnboundImmediate(key))
      ? 'pod has unbound immediate PersistentVolumeClaims'
      : undefined;
  }

  needsOf({ claims = [] }: PodInfo): Needs {
    const bound: PersistentVolume[] = [];
    const open: OpenClaim[] = [];
    let isVolumeMissing = false;
    for (const { key } of claims) {
      const claim = this.claim(key);
      if (!claim) continue;
      if (!isFullyBound(claim)) {
        open.push(this.openClaim(key, claim));
        continue;
      }
      const volume = this.volume(claim.spec.volumeName ?? '');
      if (volume) bound.push(volume);
      else isVolumeMissing = true;
    }
    // The smallest claims first, so that they do not take what larger ones need.
    open.sort((a, b) => compareQuantities(requestOfClaim(a.claim), requestOfClaim(b.claim)));
    return { bound, isVolumeMissing, open };
  }

  /** What is to be done so that the pod can be on the node that was chosen for it; nothing when all claims are bound. */
  reserve(info: PodInfo, node: string, labels: Labels | undefined): readonly Step[] {
    const steps = stepsOn(this.needsOf(info), node, labels);
    if (typeof steps === 'string') return [];
    for (const step of steps) {
      const key = keyOf(step.claim);
      if (step.do === 'keep') this.promised.set(step.volume.metadata.name ?? '', key);
      else this.selected.set(key, { node, pods: (this.selected.get(key)?.pods ?? 0) + 1 });
    }
    if (steps.length > 0) this.version += 1;
    return steps;
  }

  /** They are done, and the views show it, or they have come to nothing. */
  free(steps: readonly Step[]): void {
    for (const step of steps) {
      const key = keyOf(step.claim);
      if (step.do === 'keep') {
        this.promised.delete(step.volume.metadata.name ?? '');
        continue;
      }
      const selected = this.selected.get(key);
      if (selected && selected.pods > 1) selected.pods -= 1;
      else this.selected.delete(key);
    }
    this.version += 1;
  }

  private isUnboundImmediate(key: string): boolean {
    const claim = this.claim(key);
    if (!claim || isFullyBound(claim)) return false;
    return Boolean(claim.spec.volumeName) || !waitsForConsumer(this.classOf(claim));
  }

  private openClaim(key: string, claim: PersistentVolumeClaim): OpenClaim {
    const selected = this.selected.get(key)?.node ?? claim.metadata.annotations?.[SELECTED_NODE];
    return { claim, candidates: this.candidates(key, claim), storageClass: this.classOf(claim), selected };
  }

  /** A volume that is kept for the claim already is the only one. */
  private candidates(key: string, claim: PersistentVolumeClaim): readonly PersistentVolume[] {
    const { volumes } = this.views ?? {};
    if (!volumes) return [];
    const free = [...volumes.byIndex('free', classOfClaim(claim) ?? '')].filter(({ metadata: { name = '' } }) => {
      const promised = this.promised.get(name);
      return promised === undefined || promised === key;
    });
    const found = volumesFor(claim, [...volumes.byIndex('claim', key), ...free]);
    const kept = found.filter(
      (volume) => isKeptFor(volume, claim) || this.promised.get(volume.metadata.name ?? '') === key,
    );
    return kept.length > 0 ? kept : found;
  }

  private classOf(claim: PersistentVolumeClaim): StorageClass | undefined {
    return this.views?.classes.get(classOfClaim(claim) ?? '');
  }
}

/** The steps that make the node one for the claims, or why it can't be one. */
export function stepsOn(
  { bound, isVolumeMissing, open }: Needs,
  node: string,
  labels: Labels | undefined,
): readonly Step[] | Conflict {
  if (bound.some((volume) => !reachesNode(volume, labels))) return 'affinity';
  if (isVolumeMissing) return 'missing volume';
  const steps: Step[] = [];
  const taken = new Set<PersistentVolume>();
  for (const each of open) {
    const step = stepFor(each, node, labels, taken);
    if (!step) return 'no volume';
    if (step.do === 'keep') taken.add(step.volume);
    steps.push(step);
  }
  return steps;
}

function stepFor(
  { claim, candidates, storageClass, selected }: OpenClaim,
  node: string,
  labels: Labels | undefined,
  taken: ReadonlySet<PersistentVolume>,
): Step | undefined {
  if (selected !== undefined) return selected === node ? { do: 'provision', claim } : undefined;
  const volume = candidates.find((each) => !taken.has(each) && reachesNode(each, labels));
  if (volume) return { do: 'keep', claim, volume };
  // What is kept for the claim out of the node's reach forbids another.
  if (candidates.some((each) => isKeptFor(each, claim))) return undefined;
  return canProvision(claim, storageClass, labels) ? { do: 'provision', claim } : undefined;
}

function canProvision(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  labels: Labels | undefined,
): boolean {
  if (!storageClass || storageClass.provisioner === NO_PROVISIONER) return false;
  if (storageClass.provisioner === LOCAL_DRIVER && whyNotLocal(claim) !== undefined) return false;
  return allowsTopology(storageClass.allowedTopologies, labels);
}
