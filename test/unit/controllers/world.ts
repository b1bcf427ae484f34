/** A cluster in memory: a registry whose views may lag behind, and nodes that do what they are told. */
import type { Credentials, Edges } from '../../../control-plane/controllers/executors.ts';
import { alreadyExists, conflict, notFound } from '../../../api/errors.ts';
import type { Kind } from '../../../api/kinds.ts';
import { apiVersionOf, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { Namespace, Pod } from '../../../api/types/core.v1.ts';
import type { Controller } from '../../../control-plane/controllers/controller.ts';
import { indexesOf } from '../../../control-plane/controllers/indexes.ts';
import { Runner } from '../../../control-plane/controllers/runner.ts';
import type { EventFields } from '../../../control-plane/events/recorder.ts';
import type { DeleteOptions, MutateOptions, Registry, Resource } from '../../../control-plane/registry/port.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MapView } from '../../../lib/view.ts';

interface Stored extends KubeObject {
  spec?: unknown;
  status?: unknown;
}

/** What the strategies of these kinds give a new object. */
const FIRST_STATUS = new Map<Kind, object>([
  [kinds.pods, { phase: 'Pending' }],
  [kinds.jobs, {}],
  [kinds.persistentvolumes, { phase: 'Pending' }],
  [kinds.persistentvolumeclaims, { phase: 'Pending' }],
]);

export class World implements Registry {
  readonly clock = new FakeClock();
  readonly events: EventFields[] = [];
  /** While true, views change only when `deliver` is called. */
  lagging = false;
  /** Called after every write, with the store as it then is. */
  onWrite: () => void = () => {};
  private revision = 0;
  private ids = 0;
  private readonly pending = new Map<Kind, (() => void)[]>();
  private readonly resources = new Map<Kind, WorldResource>(
    Object.values<Kind>(kinds).map((kind) => [kind, new WorldResource(kind, this)]),
  );

  kinds(): Iterable<Kind> {
    return this.resources.keys();
  }

  kindOf(apiVersion: string, name: string): Kind | undefined {
    return [...this.kinds()].find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion);
  }

  followKinds(visit: (kind: Kind) => () => void): () => void {
    const ends = [...this.kinds()].map(visit);
    return () => ends.forEach((end) => end());
  }

  resource<T extends KubeObject>(kind: Kind<T>): Resource<T> {
    return this.of(kind) as unknown as Resource<T>;
  }

  of(kind: Kind): WorldResource {
    const resource = this.resources.get(kind);
    if (!resource) throw new Error(`no kind ${kind.kind}`);
    return resource;
  }

  /** Whether the server behind an APIService answers. */
  probe: Edges['probe'] = () => Promise.resolve();

  /** What other API servers say when they are told to empty a namespace. */
  empty: Edges['empty'] = () => Promise.reject(new Error('there are no other servers'));

  /** What the store holds. */
  all<T extends KubeObject>(kind: Kind<T>): T[] {
    return [...this.of(kind).objects.values()] as unknown as T[];
  }

  nextRevision(): string {
    this.revision += 1;
    return String(this.revision);
  }

  nextId(): string {
    this.ids += 1;
    return this.ids.toString(36).padStart(5, '0');
  }

  show(kind: Kind, apply: () => void): void {
    if (this.lagging) this.pending.set(kind, [...(this.pending.get(kind) ?? []), apply]);
    else apply();
    this.onWrite();
  }

  /** Lets one of the views that are behind see its next `count` changes. */
  deliverSome(count: number, pick: number): void {
    const behind = [...this.pending.values()].filter(({ length }) => length > 0);
    for (const apply of behind[pick % behind.length]?.splice(0, count) ?? []) apply();
  }

  /** Lets the kind's view see its next change; returns false when it has seen all. */
  deliverNext(kind: Kind): boolean {
    const apply = this.pending.get(kind)?.shift();
    apply?.();
    return apply !== undefined;
  }

  /** Lets all views catch up. */
  deliver(): void {
    for (const queue of this.pending.values()) for (const apply of queue.splice(0)) apply();
  }

  private deliverAll(kind: Kind): void {
    while (this.deliverNext(kind));
  }

  runner(controller: Controller): Runner {
    return new Runner({
      controller,
      clock: this.clock,
      log: silentLog,
      nextId: () => this.nextId(),
      edges: {
        registry: this,
        events: { record: (event) => this.events.push(event) },
        whenFresh: (kind) => Promise.resolve(kind ? this.deliverAll(kind) : this.deliver()),
        credentials: fakeCredentials,
        probe: (apiService) => this.probe(apiService),
        empty: (resource, namespace) => this.empty(resource, namespace),
      },
    });
  }
}

/** Which token or certificate it is does not matter here. */
export const fakeCredentials: Credentials = {
  signCertificate: () => Promise.resolve('certificate'),
  issueToken: (account, secretName) => Promise.resolve(`${account.metadata.name} ${secretName}`),
};

class WorldResource {
  readonly kind: Kind;
  readonly objects = new Map<string, Stored>();
  readonly view: MapView<Stored>;
  /** Thrown by the next creates, if set. */
  refuse: Error | undefined;
  private readonly world: World;

  constructor(kind: Kind, world: World) {
    this.kind = kind;
    this.world = world;
    this.view = new MapView<Stored>(indexesOf(kind));
  }

  async get(namespace: string, name: string): Promise<Stored> {
    await Promise.resolve();
    return this.find(namespace, name);
  }

  async create(object: Stored): Promise<Stored> {
    await Promise.resolve();
    if (this.refuse) throw this.refuse;
    if (this.objects.has(keyOf(object))) throw alreadyExists(this.kind, object.metadata.name ?? '');
    const creationTimestamp = `${this.world.clock.date().toISOString().slice(0, 19)}Z`;
    const uid = `uid-${this.kind.plural}-${this.world.nextRevision()}`;
    const metadata = { uid, creationTimestamp, generation: 1, ...object.metadata };
    return this.store({
      apiVersion: apiVersionOf(this.kind),
      kind: this.kind.kind,
      ...structuredClone(object),
      ...(FIRST_STATUS.has(this.kind) ? { status: FIRST_STATUS.get(this.kind) } : {}),
      metadata,
    });
  }

  update(object: Stored, options: MutateOptions = {}): Promise<Stored> {
    const { namespace = '', name = '', resourceVersion } = object.metadata;
    return this.mutate(
      namespace,
      name,
      (current) => {
        if (current.metadata.resourceVersion !== resourceVersion) throw conflict(this.kind, name, 'modified');
        return object;
      },
      options,
    );
  }

  async mutate(
    namespace: string,
    name: string,
    change: (current: Stored) => Stored | undefined,
    { uid, subresource }: MutateOptions = {},
  ): Promise<Stored> {
    await Promise.resolve();
    const current = this.find(namespace, name);
    if (uid !== undefined && uid !== current.metadata.uid) throw conflict(this.kind, name, 'another uid');
    const wanted = change(current);
    if (!wanted) return current;
    const { resourceVersion } = wanted.metadata;
    if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
      throw conflict(this.kind, name, 'modified');
    }
    const next =
      subresource === 'status' ? { ...current, status: wanted.status } : { ...wanted, status: current.status };
    if (JSON.stringify(next) === JSON.stringify(current)) return current;
    const changed = JSON.stringify(next.spec) !== JSON.stringify(current.spec);
    const generation = (current.metadata.generation ?? 0) + (changed ? 1 : 0);
    return this.storeOrRemove({ ...next, metadata: { ...next.metadata, generation } });
  }

  async rewrite(namespace: string, name: string, change: (current: Stored) => Stored): Promise<Stored> {
    await Promise.resolve();
    return this.storeOrRemove(change(this.find(namespace, name)));
  }

  async delete(namespace: string, name: string, options: DeleteOptions = {}): Promise<Stored> {
    await Promise.resolve();
    const current = this.find(namespace, name);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== current.metadata.uid) throw conflict(this.kind, name, 'another uid');
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
      throw conflict(this.kind, name, 'another revision');
    }
    const metadata = { ...current.metadata };
    if (options.propagationPolicy === 'Foreground') metadata.finalizers = ['foregroundDeletion'];
    if (options.propagationPolicy === 'Orphan') metadata.finalizers = ['orphan'];
    const graceful = this.kind === kinds.pods && (current as Pod).spec.nodeName !== undefined;
    metadata.deletionGracePeriodSeconds = graceful && options.gracePeriodSeconds !== 0 ? 30 : 0;
    const end = this.world.clock.date().getTime() + metadata.deletionGracePeriodSeconds * 1000;
    metadata.deletionTimestamp ??= new Date(end).toISOString();
    return this.storeOrRemove({ ...current, metadata });
  }

  /** Puts an object there without asking anybody. */
  seed<T extends KubeObject>(object: T): T {
    const uid = `uid-${this.kind.plural}-${object.metadata.name}`;
    return this.store({ ...object, metadata: { uid, generation: 1, ...object.metadata } }) as unknown as T;
  }

  remove(object: Stored): Stored {
    const key = keyOf(object);
    this.objects.delete(key);
    this.world.show(this.kind, () => this.view.delete(key));
    return object;
  }

  private find(namespace: string, name: string): Stored {
    const object = this.objects.get(objectKey(namespace, name));
    if (!object) throw notFound(this.kind, name);
    return object;
  }

  private store(object: Stored): Stored {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: this.world.nextRevision() } };
    this.objects.set(keyOf(stored), stored);
    this.world.show(this.kind, () => this.view.set(keyOf(stored), stored));
    return stored;
  }

  private storeOrRemove(object: Stored): Stored {
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata;
    const held = this.kind === kinds.namespaces ? ((object as Namespace).spec?.finalizers ?? []) : [];
    const free = finalizers.length + held.length === 0;
    return deletionTimestamp && !deletionGracePeriodSeconds && free ? this.remove(object) : this.store(object);
  }
}

/** Lets everything that can happen without time passing happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function aPod(
  name: string,
  fields: { node?: string; ready?: boolean; labels?: Record<string, string> } = {},
): Pod {
  const { node, ready = true, labels = { app: 'web' } } = fields;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'main', image: 'web:1', resources: {} }], ...(node ? { nodeName: node } : {}) },
    status: {
      phase: 'Running',
      podIP: `10.0.0.${name.length}`,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  };
}
