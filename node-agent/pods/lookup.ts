/** Finds the container or sandbox that a log, exec, attach or port-forward means. */
import type { ContainerPlace, PodLookup } from '../streams/port.ts';
import type { ObservedContainer } from './observed.ts';
import type { PodFence } from './pod-fence.ts';
import type { PodIdentity, RuntimeCache } from './runtime-cache.ts';

type PodName = Parameters<PodLookup['sandboxId']>[0];

export class CacheLookup implements PodLookup {
  private readonly cache: RuntimeCache;
  private readonly fence: PodFence;

  constructor(cache: RuntimeCache, fence: PodFence) {
    this.cache = cache;
    this.fence = fence;
  }

  container(pod: PodName, container: string, previous: boolean): Promise<ContainerPlace | undefined> {
    const identity = this.find(pod);
    const all = identity ? this.cache.podOf(identity.uid).containers : [];
    const started = all.filter(({ name, state }) => name === container && state !== 'created');
    const found = started[previous ? 1 : 0];
    const isFrozen = identity !== undefined && this.fence.holds(identity.uid);
    const place = found && { id: found.id, logPath: found.logPath, running: found.state === 'running', isFrozen };
    return Promise.resolve(place);
  }

  sandboxId(pod: PodName): Promise<string | undefined> {
    const identity = this.find(pod);
    const sandboxes = identity ? this.cache.podOf(identity.uid).sandboxes : [];
    return Promise.resolve(sandboxes.find(({ ready }) => ready)?.id);
  }

  onExit(containerId: string, callback: () => void): () => void {
    const uid = this.cache.ownerOf(containerId)?.uid;
    if (uid === undefined || this.hasEnded(uid, containerId)) {
      callback();
      return () => {};
    }
    const end = this.cache.subscribe((changed) => {
      if (changed !== uid || !this.hasEnded(uid, containerId)) return;
      end();
      callback();
    });
    return end;
  }

  holds(address: string): boolean {
    return this.cache.hasAddress(address);
  }

  podOf(sandboxId: string): { namespace: string; name: string } | undefined {
    return this.cache.ownerOf(sandboxId);
  }

  /** The containers that run now, for what looks after their logs. */
  *running(): Iterable<{ id: string; logPath: string }> {
    for (const { uid } of this.cache.pods()) {
      for (const { id, state, logPath } of this.cache.podOf(uid).containers) {
        if (state === 'running' && logPath !== '') yield { id, logPath };
      }
    }
  }

  private hasEnded(uid: string, containerId: string): boolean {
    const container: ObservedContainer | undefined = this.cache
      .podOf(uid)
      .containers.find(({ id }) => id === containerId);
    return container === undefined || container.state === 'exited';
  }

  private find({ namespace, name, uid }: PodName): PodIdentity | undefined {
    if (uid !== '') return this.cache.identityOf(uid);
    return [...this.cache.pods()].find((identity) => identity.name === name && identity.namespace === namespace);
  }
}
