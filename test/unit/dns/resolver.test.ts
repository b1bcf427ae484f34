import assert from 'node:assert/strict';
import packet from 'dns-packet';
import fc from 'fast-check';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { ClusterZone } from '../../../node-agent/dns/cluster-zone.ts';
import { ForwardCache, readForeign } from '../../../node-agent/dns/forward-cache.ts';
import { parseResolvConf } from '../../../node-agent/dns/resolv-conf.ts';
import { Resolver } from '../../../node-agent/dns/resolver.ts';
import type { Upstream } from '../../../node-agent/dns/upstream.ts';
import { assemble, emptyReply, parseQuery, RCODE, TYPE } from '../../../node-agent/dns/wire.ts';
import { FakeCluster, SETTINGS } from '../../support/fake-cluster.ts';

function resolverOn(cluster: FakeCluster, upstream: Upstream): Resolver {
  const zone = new ClusterZone({ settings: SETTINGS, desired: cluster });
  for (const { metadata } of cluster.services.list()) zone.refresh(`${metadata.namespace}/${metadata.name}`);
  return new Resolver({
    zone,
    upstream,
    nodeSearches: [],
    clock: new FakeClock(),
    log: silentLog,
    isReady: () => cluster.services.synced,
  });
}

const silent: Upstream = { ask: () => Promise.reject(new Error('no server')), stop() {} };

function request(name: string): Buffer {
  return packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
}

describe('resolver', () => {
  it('denies nothing before it knows the cluster', async () => {
    const resolver = resolverOn(new FakeCluster(), silent);
    const reply = await resolver.resolve({ name: 'a.b.svc.cluster.local', type: TYPE.A, pod: undefined });
    assert.equal(reply.rcode, RCODE.SERVFAIL);
  });

  it('says SERVFAIL when no name server answers, and when one answers nonsense', async () => {
    for (const upstream of [silent, { ask: () => Promise.resolve(Buffer.alloc(40, 255)), stop() {} }]) {
      const resolver = resolverOn(new FakeCluster().markSynced(), upstream);
      const reply = await resolver.resolve({ name: 'example.com', type: TYPE.A, pod: undefined });
      assert.equal(reply.rcode, RCODE.SERVFAIL);
    }
  });

  it('asks once for questions that come together', async () => {
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    let asked = 0;
    const resolver = resolverOn(new FakeCluster().markSynced(), {
      ask: () => (asked++, promise),
      stop() {},
    });
    const question = { name: 'example.com', type: TYPE.A, pod: undefined };
    const replies = [1, 2].map(() => Promise.resolve(resolver.resolve(question)));
    const { questions } = packet.decode(request('example.com'));
    resolve(
      packet.encode({
        type: 'response',
        questions: questions ?? [],
        answers: [{ type: 'A', name: 'example.com', ttl: 9, data: '192.0.2.1' }],
      }),
    );
    assert.deepEqual(
      (await Promise.all(replies)).map(({ counts }) => counts.answers),
      [1, 1],
    );
    assert.equal(asked, 1);
  });

  it('ends for no bytes, and every answer can be read', async () => {
    const cluster = new FakeCluster();
    cluster.service('default/web', { clusterIP: '10.96.1.1', ports: [] });
    const resolver = resolverOn(cluster.markSynced(), silent);
    const template = request('web.default.svc.cluster.local');
    const mutated = fc
      .array(fc.tuple(fc.nat(template.length - 1), fc.nat(255)), { maxLength: 5 })
      .map((edits) => edits.reduce((bytes, [at, byte]) => ((bytes[at] = byte), bytes), Buffer.from(template)));
    const random = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, random), async (message) => {
        const parsed = parseQuery(message);
        if (!('query' in parsed)) return;
        const { name, type } = parsed.query;
        const reply = await resolver.resolve({ name, type, pod: undefined });
        const answer = assemble(message, parsed.query, reply, 512, 1);
        assert.ok(answer.length <= Math.max(512, parsed.query.questionEnd + 11));
        assert.equal(answer.readUInt16BE(0), parsed.query.id);
      }),
      { numRuns: 2000 },
    );
  });

  it('survives any answer of a name server', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 120 }), fc.nat(60), (bytes, question) => {
        const foreign = readForeign(Buffer.from(bytes), question);
        assert.ok(foreign === undefined || foreign.lifetime >= 0);
      }),
    );
  });
});

describe('the zone', () => {
  it('knows no headless service without a ready endpoint, and one with one again', async () => {
    const cluster = new FakeCluster();
    cluster.service('default/db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] });
    cluster.markSynced();
    const rcodeOf = async (type: number): Promise<number> =>
      (await resolverOn(cluster, silent).resolve({ name: 'db.default.svc.cluster.local', type, pod: undefined })).rcode;
    assert.deepEqual([await rcodeOf(TYPE.A), await rcodeOf(TYPE.SRV)], [RCODE.NXDOMAIN, RCODE.NXDOMAIN]);
    const ports = [{ name: 'sql', port: 5432, protocol: 'TCP' }];
    cluster.endpoints('default/db', ports, [{ addresses: ['10.244.1.2'], conditions: { ready: true } }]);
    assert.deepEqual([await rcodeOf(TYPE.A), await rcodeOf(TYPE.AAAA)], [RCODE.NOERROR, RCODE.NOERROR]);
  });
});

describe('an answer', () => {
  it('turns the order of addresses without losing one', () => {
    const cluster = new FakeCluster();
    cluster.service('default/web', { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] });
    const resolver = resolverOn(cluster.markSynced(), silent);
    const name = 'web.default.svc.cluster.local';
    const message = request(name);
    const parsed = parseQuery(message);
    assert.ok('query' in parsed);
    const reply = resolver.resolve({ name, type: TYPE.A, pod: undefined });
    assert.ok(!(reply instanceof Promise));
    const orders = [0, 1, 2].map((turn) => {
      const { answers } = packet.decode(assemble(message, parsed.query, reply, 512, turn));
      return (answers ?? []).map((answer) => (answer.type === 'A' ? answer.data : ''));
    });
    assert.deepEqual(new Set(orders.map(([first]) => first)), new Set(['10.0.0.1', '10.0.0.2', '10.0.0.3']));
    for (const order of orders) assert.equal(new Set(order).size, 3);
  });

  it('echoes EDNS only to those who speak it', () => {
    const plain = request('x.example');
    const parsed = parseQuery(plain);
    assert.ok('query' in parsed);
    assert.equal(assemble(plain, parsed.query, emptyReply(0), 512, 0).readUInt16BE(10), 0);
  });
});

describe('forward cache', () => {
  const message = packet.encode({
    type: 'response',
    questions: [{ type: 'A', name: 'a.example' }],
    answers: [{ type: 'A', name: 'a.example', ttl: 30, data: '192.0.2.1' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        flags: 0,
        options: [],
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: false,
      },
    ],
  } as never);
  const foreign = readForeign(message, 'a.example'.length + 2 + 4);

  it('counts down and forgets', () => {
    const clock = new FakeClock();
    const cache = new ForwardCache({ clock, limit: 2 });
    assert.ok(foreign);
    assert.equal(foreign.reply.counts.additionals, 0);
    cache.set('a', foreign);
    clock.advance(10_500);
    const body = cache.get('a')?.body;
    assert.equal(body?.readUInt32BE(foreign.ttls[0] ?? 0), 20);
    clock.advance(20_000);
    assert.equal(cache.get('a'), undefined);
  });

  it('holds no more than its limit', () => {
    const cache = new ForwardCache({ clock: new FakeClock(), limit: 2 });
    assert.ok(foreign);
    for (const key of ['a', 'b', 'c']) cache.set(key, foreign);
    assert.equal(cache.size, 2);
    assert.equal(cache.get('a'), undefined);
  });
});

describe('resolv.conf', () => {
  it('is read as resolv.conf(5) says, without what leads back to us', () => {
    const text =
      'nameserver 10.96.0.10\n# comment\nnameserver 192.0.2.53\nsearch Corp.Example. b.example\noptions ndots:2\n';
    assert.deepEqual(parseResolvConf(text, '10.96.0.10'), {
      servers: ['192.0.2.53'],
      searches: ['corp.example', 'b.example'],
    });
  });
});
