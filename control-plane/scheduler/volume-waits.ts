/**
 * Pods that have their node and wait until all their claims are bound. Who waits does so beside the scheduling of others;
 * what is decided is written first, and from then on it is for whoever makes and binds volumes.
 */
import { SELECTED_NODE, isFullyBound, isKeptFor, reachesNode } from '../../api/machinery/persistent-volumes.ts';
import type { Labels } from '../../api/machinery/selectors.ts';
import { type KubeObject, keyOf } from '../../api/object.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerOutput } from './port.ts';
import type { Step, Volumes } from './volumes.ts';

/** As Kubernetes' scheduler waits for volumes. */
const TIMEOUT = 600_000;

/** The volumes of a pod have not come about; the pod may be tried again. */
export class VolumesFailed extends Error {}

interface Awaited {
  readonly step: Step;
  /** Of what was written; older states say nothing. */
  readonly revision: number;
}

interface Wait {
  readonly node: string;
  readonly awaited: readonly Awaited[];
  readonly end: (failure?: VolumesFailed) => void;
  timer?: Timer;
}

export interface VolumeWaitsOptions {
  readonly volumes: Volumes;
  readonly output: Pick<SchedulerOutput, 'keepVolume' | 'selectNode'>;
  readonly clock: Clock;
  /** Of a node that exists. */
  readonly labelsOf: (node: string) => Labels | undefined;
}

export class VolumeWaits {
  private readonly options: VolumeWaitsOptions;
  /** By the pod's uid. */
  private readonly waits = new Map<string, Wait>();
  /** Uids of pods, by the keys of claims and names of volumes. */
  private readonly interested = new Map<string, Set<string>>();

  constructor(options: VolumeWaitsOptions) {
    this.options = options;
  }

  /** Tells the store what was decided. Rejects with a StatusError. */
  async write(steps: readonly Step[], node: string): Promise<readonly Awaited[]> {
    return Promise.all(steps.map(async (step) => ({ step, revision: revisionOf(await this.writeOne(step, node)) })));
  }

  /** Rejects with {@link VolumesFailed} when it comes to nothing, when it takes too long, or when the wait is cancelled. */
  async whenBound({ uid }: PodInfo, node: string, awaited: readonly Awaited[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wait: Wait = {
      node,
      awaited,
      end: (failure) => {
        if (this.waits.get(uid) !== wait) return;
        wait.timer?.cancel();
        this.waits.delete(uid);
        for (const key of keysOf(awaited)) this.uninterest(key, uid);
        if (failure) reject(failure);
        else resolve();
      },
    };
    this.cancel(uid);
    this.waits.set(uid, wait);
    for (const key of keysOf(awaited)) this.interested.set(key, (this.interested.get(key) ?? new Set()).add(uid));
    wait.timer = this.options.clock.after(TIMEOUT, () =>
      wait.end(new VolumesFailed('timed out waiting for the condition')),
    );
    this.judge(wait);
    await promise;
  }

  /** A claim, by its key, or a volume, by its name, or by the claim that it is kept for, has changed or is gone. */
  changed(key: string): void {
    for (const uid of this.interested.get(key) ?? []) {
      const wait = this.waits.get(uid);
      if (wait) this.judge(wait);
    }
  }

  nodeGone(name: string): void {
    for (const wait of this.waits.values()) if (wait.node === name) this.judge(wait);
  }

  /** The pod is gone, or has its node by somebody else. */
  cancel(uid: string): void {
    this.waits.get(uid)?.end(new VolumesFailed('pod does not exist any more'));
  }

  close(): void {
    for (const uid of this.waits.keys()) this.cancel(uid);
  }

  private writeOne(step: Step, node: string): Promise<KubeObject> | KubeObject {
    const { output } = this.options;
    if (step.do === 'keep') return output.keepVolume(step.volume, step.claim);
    return step.claim.metadata.annotations?.[SELECTED_NODE] === node ? step.claim : output.selectNode(step.claim, node);
  }

  private judge(wait: Wait): void {
    const labels = this.options.labelsOf(wait.node);
    if (!labels) {
      wait.end(new VolumesFailed(`node "${wait.node}" not found`));
      return;
    }
    let isDone = true;
    for (const awaited of wait.awaited) {
      const found = this.stateOf(awaited, wait.node, labels);
      if (found instanceof VolumesFailed) {
        wait.end(found);
        return;
      }
      isDone &&= found === 'bound';
    }
    if (isDone) wait.end();
  }

  private stateOf({ step, revision }: Awaited, node: string, labels: Labels): 'bound' | 'waits' | VolumesFailed {
    const { volumes } = this.options;
    const { name, uid } = step.claim.metadata;
    const claim = volumes.claim(keyOf(step.claim));
    if (claim?.metadata.uid !== uid || !claim) return new VolumesFailed(`persistentvolumeclaim "${name}" not found`);
    if (isFullyBound(claim)) {
      const volume = volumes.volume(claim.spec.volumeName ?? '');
      if (!volume) return 'waits';
      if (reachesNode(volume, labels)) return 'bound';
      return new VolumesFailed(`pv "${volume.metadata.name}" node affinity doesn't match node "${node}"`);
    }
    if (step.do === 'keep') {
      const volume = volumes.volume(step.volume.metadata.name ?? '');
      const isLost = !volume || (revisionOf(volume) >= revision && !isKeptFor(volume, claim));
      return isLost ? new VolumesFailed(`ClaimRef got reset for pv "${step.volume.metadata.name}"`) : 'waits';
    }
    const isSelected = claim.metadata.annotations?.[SELECTED_NODE] === node;
    const isRefused = revisionOf(claim) >= revision && !isSelected;
    return isRefused ? new VolumesFailed(`provisioning failed for PVC "${name}"`) : 'waits';
  }

  private uninterest(key: string, uid: string): void {
    const uids = this.interested.get(key);
    uids?.delete(uid);
    if (uids?.size === 0) this.interested.delete(key);
  }
}

function keysOf(awaited: readonly Awaited[]): string[] {
  return awaited.flatMap(({ step }) => [
    keyOf(step.claim),
    ...(step.do === 'keep' ? [step.volume.metadata.name ?? ''] : []),
  ]);
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.resourceVersion ?? 0);
}
