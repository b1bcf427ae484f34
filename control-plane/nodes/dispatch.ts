/** From the caches to the agents: an index from node to feed, so that a change costs what it concerns and no more. */
import { Broadcast } from './broadcast.ts';
import { nodeClaim } from './claims.ts';
import { Feed, type FeedOptions } from './feed.ts';
import { HOSTNAME_LABEL, LOCAL_DRIVER, hostnameOf, isToBeRemoved } from '../../api/machinery/local-volumes.ts';
import { claimKeyOf, hasVolume } from '../../api/machinery/persistent-volumes.ts';
import { claimsOf } from '../../api/machinery/pod-claims.ts';
import { referencesOf } from '../../api/machinery/pod-references.ts';
import type { VolumeRemoval } from '../../api/node-volumes.ts';
import { type KubeObject, keyOf, objectKey } from '../../api/object.ts';
import type {
  ConfigMap,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
} from '../../api/types/core.v1.ts';
import type { ServiceCIDR } from '../../api/types/networking.v1.ts';
import type { RuntimeClass } from '../../api/types/node.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Change } from '../../lib/view.ts';
import type { ResourceCache } from '../cacher/port.ts';

export interface DispatchCaches {
  /** Indexed as `node` by the name of the node they are bound to. */
  pods: ResourceCache<Pod>;
  secrets: ResourceCache<Secret>;
  configmaps: ResourceCache<ConfigMap>;
  services: ResourceCache<Service>;
  endpointslices: ResourceCache<EndpointSlice>;
  runtimeclasses: ResourceCache<RuntimeClass>;
  servicecidrs: ResourceCache<ServiceCIDR>;
  persistentvolumeclaims: ResourceCache<PersistentVolumeClaim>;
  /** Indexed as `removal` by the hostname of the node that is to remove them. */
  persistentvolumes: ResourceCache<PersistentVolume>;
  /** Indexed as `hostname` by that label. */
  nodes: ResourceCache<Node>;
}

/** What every agent is told of. */
const SHARED = ['services', 'endpointslices', 'nodes', 'runtimeclasses', 'servicecidrs'] as const;
/** What an agent is told of because one of its pods uses it. */
const REFERENCED = ['secrets', 'configmaps'] as const;

/** One agent's feed, and which of its pods use what. */
interface Subscriber {
  feed: Feed;
  /** By pod key: `resource/key` of what it uses. */
  uses: Map<string, string[]>;
  /** By `resource/key`: how many pods use it. */
  counts: Map<string, number>;
}

export class Dispatch {
  private readonly caches: DispatchCaches;
  private readonly subscribers = new Map<string, Subscriber>();
  /** By `resource/key`: the nodes on which a pod uses it. */
  private readonly users = new Map<string, Set<string>>();
  private readonly slimNodes = new Map<string, Buffer>();
  private readonly shared: Broadcast;
  private unsubscribe: (() => void)[] = [];

  constructor({ caches, clock }: { caches: DispatchCaches; clock: Clock }) {
    this.caches = caches;
    this.shared = new Broadcast({
      feeds: () => [...this.subscribers.values()].map(({ feed }) => feed),
      lookup: (resource, key) => this.lookupShared(resource, key),
      clock,
    });
  }

  start(): void {
    const { pods, nodes, services, endpointslices, runtimeclasses, servicecidrs } = this.caches;
    const { persistentvolumeclaims, persistentvolumes } = this.caches;
    for (const node of nodes.view.list()) this.slimNodes.set(node.metadata.name ?? '', slim(node));
    this.unsubscribe = [
      pods.view.subscribe((change) => this.podChanged(change)),
      nodes.view.subscribe((change) => this.nodeChanged(change)),
      services.view.subscribe(({ key }) => this.shared.touch('services', key)),
      endpointslices.view.subscribe(({ key }) => this.shared.touch('endpointslices', key)),
      runtimeclasses.view.subscribe(({ key }) => this.shared.touch('runtimeclasses', key)),
      servicecidrs.view.subscribe(({ key }) => this.shared.touch('servicecidrs', key)),
      ...REFERENCED.map((resource) => this.view(resource).subscribe(({ key }) => this.tellUsers(resource, key))),
      persistentvolumeclaims.view.subscribe((change) => this.claimChanged(change)),
      persistentvolumes.view.subscribe((change) => this.volumeChanged(change)),
    ];
  }

  stop(): void {
    for (const end of this.unsubscribe) end();
    this.shared.close();
    for (const node of this.subscribers.keys()) this.remove(node);
  }

  /** Begins to feed an agent: everything that concerns it first. Replaces an earlier feed of that node. */
  add(node: string, send: FeedOptions['send']): Feed {
    this.remove(node);
    const feed = new Feed({ lookup: (resource, key) => this.lookup(node, resource, key), send });
    this.subscribers.set(node, { feed, uses: new Map(), counts: new Map() });
    for (const resource of SHARED) {
      for (const { key } of this.caches[resource].list(undefined)) feed.touch(resource, key);
    }
    for (const pod of this.caches.pods.view.byIndex('node', node)) this.podIsOn(node, keyOf(pod), pod);
    for (const volume of this.caches.persistentvolumes.view.byIndex('removal', this.hostnameOf(node))) {
      feed.touch('removals', volume.metadata.name ?? '');
    }
    feed.schedule();
    return feed;
  }

  remove(node: string): void {
    const subscriber = this.subscribers.get(node);
    if (!subscriber) return;
    subscriber.feed.close();
    for (const use of subscriber.counts.keys()) this.forgetUser(use, node);
    this.subscribers.delete(node);
  }

  private podChanged({ type, key, object }: Change<Pod>): void {
    const node = object.spec.nodeName;
    if (!node || !this.subscribers.has(node)) return;
    this.podIsOn(node, key, type === 'deleted' ? undefined : object);
  }

  private podIsOn(node: string, key: string, pod: Pod | undefined): void {
    const subscriber = this.subscribers.get(node);
    if (!subscriber) return;
    const known = subscriber.uses.get(key);
    // Such as of the services that there were when it was made.
    if (!known) this.shared.hurry(subscriber.feed);
    subscriber.feed.touch('pods', key);
    const before = known ?? [];
    const now = pod ? usesOf(pod) : [];
    for (const use of now) if (!before.includes(use)) this.count(node, subscriber, use, 1);
    for (const use of before) if (!now.includes(use)) this.count(node, subscriber, use, -1);
    if (pod) subscriber.uses.set(key, now);
    else subscriber.uses.delete(key);
  }

  private count(node: string, subscriber: Subscriber, use: string, step: 1 | -1): void {
    const before = subscriber.counts.get(use) ?? 0;
    const now = before + step;
    if (now > 0) subscriber.counts.set(use, now);
    else subscriber.counts.delete(use);
    if (before > 0 && now > 0) return;
    if (now > 0) this.users.set(use, (this.users.get(use) ?? new Set()).add(node));
    else this.forgetUser(use, node);
    const slash = use.indexOf('/');
    subscriber.feed.touch(use.slice(0, slash), use.slice(slash + 1));
  }

  private forgetUser(use: string, node: string): void {
    const nodes = this.users.get(use);
    nodes?.delete(node);
    if (nodes?.size === 0) this.users.delete(use);
  }

  private tellUsers(resource: string, key: string): void {
    for (const node of this.users.get(`${resource}/${key}`) ?? []) {
      this.subscribers.get(node)?.feed.touch(resource, key);
    }
  }

  private claimChanged({ type, key, object }: Change<PersistentVolumeClaim>): void {
    this.tellUsers('claims', key);
    const volume = type === 'deleted' && this.caches.persistentvolumes.view.get(object.spec.volumeName ?? '');
    if (volume) this.tellOfRemoval(volume);
  }

  private volumeChanged({ object, previous }: Change<PersistentVolume>): void {
    for (const claim of new Set([claimKeyOf(object), previous && claimKeyOf(previous)])) {
      if (claim !== undefined) this.tellUsers('claims', claim);
    }
    this.tellOfRemoval(object);
  }

  private tellOfRemoval(volume: PersistentVolume): void {
    const { name = '', deletionTimestamp } = volume.metadata;
    const hostname = hostnameOf(volume);
    if (deletionTimestamp === undefined || hostname === undefined || volume.spec.csi?.driver !== LOCAL_DRIVER) return;
    for (const { metadata } of this.caches.nodes.view.byIndex('hostname', hostname)) {
      this.subscribers.get(metadata.name ?? '')?.feed.touch('removals', name);
    }
  }

  private nodeChanged({ type, key, object }: Change<Node>): void {
    const before = this.slimNodes.get(key);
    const now = type === 'deleted' ? undefined : slim(object);
    if (now) this.slimNodes.set(key, now);
    else this.slimNodes.delete(key);
    const isSame = before && now ? before.equals(now) : before === now;
    if (!isSame) this.shared.touch('nodes', key);
  }

  private lookup(node: string, resource: string, key: string): Buffer | undefined {
    switch (resource) {
      case 'pods': {
        const cached = this.caches.pods.get(key);
        return cached?.object.spec.nodeName === node ? cached.bytes : undefined;
      }
      case 'secrets':
      case 'configmaps':
        return this.subscribers.get(node)?.counts.has(`${resource}/${key}`)
          ? this.caches[resource].get(key)?.bytes
          : undefined;
      case 'claims':
        return this.subscribers.get(node)?.counts.has(`${resource}/${key}`) ? this.claim(key) : undefined;
      case 'removals':
        return this.removal(node, key);
      default:
        return this.lookupShared(resource, key);
    }
  }

  private lookupShared(resource: string, key: string): Buffer | undefined {
    switch (resource) {
      case 'services':
      case 'endpointslices':
      case 'runtimeclasses':
      case 'servicecidrs':
        return this.caches[resource].get(key)?.bytes;
      case 'nodes':
        return this.slimNodes.get(key);
      default:
        throw new Error(`agents are not told of ${resource}`);
    }
  }

  private claim(key: string): Buffer | undefined {
    const claim = this.caches.persistentvolumeclaims.view.get(key);
    if (!claim) return undefined;
    const volume = this.caches.persistentvolumes.view.get(claim.spec.volumeName ?? '');
    return Buffer.from(JSON.stringify(nodeClaim(claim, volume)));
  }

  private removal(node: string, name: string): Buffer | undefined {
    const volume = this.caches.persistentvolumes.view.get(name);
    if (!volume || !isToBeRemoved(volume) || hostnameOf(volume) !== this.hostnameOf(node)) return undefined;
    const claim = this.caches.persistentvolumeclaims.view.get(claimKeyOf(volume) ?? '');
    if (claim && hasVolume(claim, volume)) return undefined;
    return Buffer.from(JSON.stringify({ name, uid: volume.metadata.uid ?? '' } satisfies VolumeRemoval));
  }

  private hostnameOf(node: string): string {
    return this.caches.nodes.view.get(node)?.metadata.labels?.[HOSTNAME_LABEL] ?? node;
  }

  private view(resource: (typeof REFERENCED)[number]): {
    subscribe(on: (change: Change<KubeObject>) => void): () => void;
  } {
    return this.caches[resource].view as { subscribe(on: (change: Change<KubeObject>) => void): () => void };
  }
}

/** `resource/key` of all that the agent of its node needs for it. */
function usesOf(pod: Pod): string[] {
  const claims = claimsOf(pod).map((name) => `claims/${objectKey(pod.metadata.namespace, name)}`);
  return [...referencesOf(pod).map(({ resource, key }) => `${resource}/${key}`), ...new Set(claims)];
}

/** What other nodes need of a node: its place in the network, not its news, which would go to all of them. */
function slim({ metadata, spec, status }: Node): Buffer {
  const { name, uid, labels } = metadata;
  const { podCIDR, podCIDRs } = spec;
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid, labels },
    spec: { podCIDR, podCIDRs },
    status: { addresses: status.addresses },
  };
  return Buffer.from(JSON.stringify(node));
}
