/** Two servers' registries on one real etcd: what they do at once, and what etcd's own limits make of it. */
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { SchemaTypes } from '../../../api/apply/schema-types.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { ConfigMap, Service } from '../../../api/types/core.v1.ts';
import { indexesOf } from '../../../control-plane/controllers/indexes.ts';
import { WatchCache } from '../../../control-plane/cacher/cache.ts';
import { bindPod } from '../../../control-plane/registry/binding.ts';
import { storagePrefix } from '../../../control-plane/registry/keys.ts';
import { composeAdmission } from '../../../control-plane/admission/compose.ts';
import { ResourceRegistry, type ResourceRegistryOptions } from '../../../control-plane/registry/registry.ts';
import type { Store } from '../../../control-plane/storage/port.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';
import { podNamed } from '../../unit/registry/harness.ts';

interface TestServer {
  registry: ResourceRegistry;
  stop: () => Promise<unknown>;
}

const table = loadSchemaTable();

async function startServer(store: Store): Promise<TestServer> {
  const caches = new Map<Kind, WatchCache<KubeObject>>();
  for (const kind of Object.values(kinds) as Kind[]) {
    if (kind.storedAs) continue;
    const prefix = storagePrefix(kind);
    const indexes = indexesOf(kind);
    caches.set(kind, new WatchCache({ kind, store, prefix, indexes, clock: systemClock, log: silentLog }));
  }
  await Promise.all([...caches.values()].map((cache) => cache.start()));
  const registry = new ResourceRegistry({
    types: new SchemaTypes({ table, codec: new Codec({ table }) }),
    store,
    cacheOf: ((kind: Kind) => caches.get(kind)) as unknown as ResourceRegistryOptions['cacheOf'],
    clock: systemClock,
    log: silentLog,
    newUid: randomUUID,
    random: (bound) => randomInt(bound),
    serviceCidr: '10.96.0.0/24',
    admission: (registry) => composeAdmission({ registry, clock: systemClock, random: (bound) => randomInt(bound) }),
  });
  return { registry, stop: () => Promise.all([...caches.values()].map((cache) => cache.stop())) };
}

describe('registry on etcd', function () {
  this.timeout(30_000);
  let etcd: TestEtcd;
  let servers: TestServer[] = [];

  before(async () => {
    etcd = await startEtcd();
    servers = await Promise.all([startServer(etcd.store), startServer(etcd.connect())]);
    await servers[0]!.registry.resource(kinds.namespaces).create({ metadata: { name: 'default' } } as never);
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await etcd?.close();
  });

  const on = <T extends KubeObject>(index: number, kind: Kind<T>) =>
    servers[index % servers.length]!.registry.resource(kind);

  it('hands out each address and port once', async () => {
    const create = (index: number) =>
      on(index, kinds.services).create({
        metadata: { name: `s${index}`, namespace: 'default' },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      } as Service);
    const made = await Promise.all(Array.from({ length: 60 }, (_, index) => create(index)));
    assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, 60);
    assert.equal(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, 60);
    await on(0, kinds.services).deleteCollection('default', () => true);
    assert.equal((await etcd.store.list('/allocations/')).entries.length, 0);
  });

  it('loses no update of two servers', async () => {
    await on(0, kinds.configmaps).create({ metadata: { name: 'm', namespace: 'default' }, data: { count: '0' } });
    const add = (current: ConfigMap): ConfigMap => ({
      ...current,
      data: { count: String(Number(current.data?.['count']) + 1) },
    });
    const writers = Array.from({ length: 8 }, (_, index) => on(index, kinds.configmaps).mutate('default', 'm', add));
    await Promise.all(writers);
    assert.equal((await on(1, kinds.configmaps).get('default', 'm')).data?.['count'], '8');
  });

  it('binds a pod once, whoever asks', async () => {
    await on(0, kinds.pods).create(podNamed('p'));
    const attempts = Array.from({ length: 6 }, (_, index) => {
      const binding = { metadata: { name: 'p', namespace: 'default' }, target: { name: `n${index}` } };
      return bindPod(on(index, kinds.pods), binding, new Date());
    });
    const results = await Promise.allSettled(attempts);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('refuses what etcd does not take, and stores nothing of it', async () => {
    const data = { a: 'x'.repeat(1_000_000) };
    const annotations = { a: 'y'.repeat(250_000), b: 'z' };
    const labels = Object.fromEntries(Array.from({ length: 8000 }, (_, index) => [`l${index}`, 'v'.repeat(60)]));
    const big = { metadata: { name: 'big', namespace: 'default', annotations, labels }, data };
    await assert.rejects(on(0, kinds.configmaps).create(big), { reason: 'RequestEntityTooLarge', code: 413 });
    await assert.rejects(on(0, kinds.configmaps).get('default', 'big'), { reason: 'NotFound' });
  });
});
