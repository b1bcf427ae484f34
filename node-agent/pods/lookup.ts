/** Finds the container or sandbox that a log, exec, attach or port-forward means. */
import type { ObservedContainer, ObservedSandbox } from './observed.ts';
import type { PodIdentity, RuntimeCache } from './runtime-cache.ts';

export interface PodQuery {
  readonly namespace: string;
  readonly pod: string;
  /** '' when any pod of that name will do. */
  readonly uid: string;
}

export class PodLookup {
  private readonly cache: RuntimeCache;

  constructor(cache: RuntimeCache) {
    this.cache = cache;
  }

  /** The newest container of that name that has been started; with `previous`, the one before it. */
  container(query: PodQuery, container: string, previous = false): ObservedContainer | undefined {
    const identity = this.find(query);
    if (!identity) return undefined;
    const all = this.cache.podOf(identity.uid).containers;
    return all.filter(({ name, state }) => name === container && state !== 'created')[previous ? 1 : 0];
  }

  /** The sandbox that is up; undefined when there is none. */
  sandbox(query: PodQuery): ObservedSandbox | undefined {
    const identity = this.find(query);
    return identity && this.cache.podOf(identity.uid).sandboxes.find(({ ready }) => ready);
  }

  /** Which pod a sandbox or container of the runtime belongs to. */
  podOfContainer(containerId: string): PodIdentity | undefined {
    for (const identity of this.cache.pods()) {
      if (this.cache.podOf(identity.uid).containers.some(({ id }) => id === containerId)) return identity;
    }
    return undefined;
  }

  private find({ namespace, pod, uid }: PodQuery): PodIdentity | undefined {
    if (uid !== '') return this.cache.identityOf(uid);
    return [...this.cache.pods()].find((identity) => identity.name === pod && identity.namespace === namespace);
  }
}
