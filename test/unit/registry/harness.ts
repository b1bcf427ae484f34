/** A registry on the memory store with the real caches, a clock that stands still and names that can be foretold. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { SchemaTypes } from '../../../api/apply/schema-types.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { composeAdmission, type AdmissionOptions } from '../../../control-plane/admission/compose.ts';
import { WatchCache } from '../../../control-plane/cacher/cache.ts';
import { indexesOf } from '../../../control-plane/controllers/indexes.ts';
import { storagePrefix } from '../../../control-plane/registry/keys.ts';
import { ResourceRegistry, type ResourceRegistryOptions } from '../../../control-plane/registry/registry.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import type { Store } from '../../../control-plane/storage/port.ts';

const table = loadSchemaTable();
const types = new SchemaTypes({ table, codec: new Codec({ table }) });

export interface Harness {
  registry: ResourceRegistry;
  cacheOf: ResourceRegistryOptions['cacheOf'];
  store: MemoryStore;
  clock: FakeClock;
  /** Resolves once the kind's cache holds all that was written. */
  settle: (kind: Kind) => Promise<void>;
  /** From here on the caches see nothing new, until `resume`. */
  pause: () => void;
  resume: () => void;
  stop: () => Promise<void>;
}

export interface HarnessOptions
  extends Partial<ResourceRegistryOptions>, Pick<AdmissionOptions, 'further' | 'ownerPermissions'> {
  /** Stands between the registry and the store. */
  wrap?: (store: Store) => Store;
  clock?: FakeClock;
  /** A store that others use too; the namespaces are there already. */
  memory?: MemoryStore;
}

/** With the namespaces `default` and `kube-system`. */
export async function startRegistry(options: HarnessOptions = {}): Promise<Harness> {
  const { wrap, memory, further = [], ownerPermissions = false, ...overrides } = options;
  const clock = overrides.clock ?? new FakeClock();
  const store = memory ?? new MemoryStore({ clock });
  const gate = new WatchGate(store);
  const caches = new Map<Kind, WatchCache<KubeObject>>();
  for (const kind of Object.values(kinds) as Kind[]) {
    if (kind.storedAs) continue;
    caches.set(
      kind,
      new WatchCache({
        kind,
        store: gate.store,
        prefix: storagePrefix(kind),
        clock,
        log: silentLog,
        indexes: indexesOf(kind),
      }),
    );
  }
  await Promise.all([...caches.values()].map((cache) => cache.start()));
  let uid = 0;
  const cacheOf = ((kind: Kind) => caches.get(kind)) as unknown as ResourceRegistryOptions['cacheOf'];
  const random = sequence();
  const registry = new ResourceRegistry({
    types,
    store: wrap ? wrap(store) : store,
    cacheOf,
    clock,
    log: silentLog,
    newUid: () => `00000000-0000-4000-8000-${String(++uid).padStart(12, '0')}`,
    random,
    serviceCidr: '10.96.0.0/16',
    admission: (made) => composeAdmission({ registry: made, clock, random, further, ownerPermissions }),
    ...overrides,
  });
  const settle = async (kind: Kind): Promise<void> => void (await caches.get(kind)!.whenFresh());
  if (!memory) {
    for (const name of ['default', 'kube-system']) {
      await registry.resource(kinds.namespaces).create({ metadata: { name } } as never);
    }
    await settle(kinds.namespaces);
  }
  const stop = async (): Promise<void> => void (await Promise.all([...caches.values()].map((cache) => cache.stop())));
  return { registry, cacheOf, store, clock, settle, stop, pause: () => gate.close(), resume: () => gate.open() };
}

/** Holds back what watches are told. */
class WatchGate {
  readonly store: Store;
  private held: (() => void)[] | undefined;

  constructor(store: Store) {
    const watch: Store['watch'] = (prefix, after, watcher) =>
      store.watch(prefix, after, {
        onEvents: (events) => this.pass(() => watcher.onEvents(events)),
        onProgress: (revision) => this.pass(() => watcher.onProgress(revision)),
        onEnd: (error) => watcher.onEnd(error),
      });
    this.store = new Proxy(store, {
      get: (target, name) => {
        if (name === 'watch') return watch;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  }

  close(): void {
    this.held ??= [];
  }

  open(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const tell of held) tell();
  }

  private pass(tell: () => void): void {
    if (this.held) this.held.push(tell);
    else tell();
  }
}

/** Numbers that look random and are the same each time. */
export function sequence(seed = 1): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % bound;
  };
}

export function podNamed(name: string, spec: Partial<Pod['spec']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }], ...spec },
  } as Pod;
}

export function podTemplate(labels: Record<string, string> = { app: 'web' }): object {
  return { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }] } };
}
