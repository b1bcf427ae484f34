import assert from 'node:assert/strict';
import { StatusError } from '../../../api/errors.ts';
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/types/flowcontrol.v1.ts';
import { DEFAULT_LEVELS, DEFAULT_SCHEMAS } from '../../../control-plane/controllers/defaults/flow-control.ts';
import { FlowControl, type Seat } from '../../../control-plane/flowcontrol/flow-control.ts';
import type { User } from '../../../control-plane/user.ts';
import { parseRequest } from '../../../control-plane/http/request-info.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { Metrics } from '../../../lib/metrics.ts';
import { MapView } from '../../../lib/view.ts';

const WAIT = 15_000;
const PODS = '/api/v1/namespaces/default/pods';
const node: User = { name: 'system:node:a', groups: ['system:nodes', 'system:authenticated'] };
const admin: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const bob: User = { name: 'bob', groups: ['system:authenticated'] };

function account(namespace: string, name: string): User {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { name: `system:serviceaccount:${namespace}:${name}`, groups };
}

class Cluster {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics();
  readonly schemas = new MapView<FlowSchema>();
  readonly levels = new MapView<PriorityLevelConfiguration>();
  readonly control: FlowControl;

  constructor(seats = 600) {
    const views: Record<string, unknown> = { flowschemas: this.schemas, prioritylevelconfigurations: this.levels };
    const sources = {
      of: <T extends KubeObject>({ plural }: Kind<T>) => ({ view: views[plural] as MapView<T> }),
    };
    const { clock, metrics } = this;
    this.control = new FlowControl({ sources, seats, waitMilliseconds: WAIT, clock, metrics });
  }

  static async start(seats?: number): Promise<Cluster> {
    const cluster = new Cluster(seats);
    for (const schema of DEFAULT_SCHEMAS) cluster.schemas.set(schema.metadata.name ?? '', withUid(schema));
    for (const level of DEFAULT_LEVELS) cluster.levels.set(level.metadata.name ?? '', withUid(level));
    await cluster.control.start();
    return cluster;
  }

  forbidBorrowing(name: string): void {
    const level = this.levels.get(name);
    assert.ok(level?.spec.limited);
    const limited = { ...level.spec.limited, borrowingLimitPercent: 0 };
    this.levels.set(name, { ...level, spec: { ...level.spec, limited } });
  }

  schemaOf(user: User, method: string, url: string): string {
    return this.control.classify(user, parseRequest(method, url)).schema.name;
  }

  ask(user: User, signal = new AbortController().signal): Seat | Promise<Seat> {
    const info = parseRequest('GET', `${PODS}/a`);
    return this.control.seat(this.control.classify(user, info), { verb: 'get', objects: 1, watchers: 0 }, signal);
  }

  /** Takes all seats that there are for the user without waiting; gives what waits too. */
  async fill(user: User, waiting = 0): Promise<{ taken: Seat[]; queued: Promise<Seat>[] }> {
    const taken: Seat[] = [];
    const queued: Promise<Seat>[] = [];
    while (queued.length <= waiting) {
      const seat = this.ask(user);
      if ('then' in seat) queued.push(seat);
      else taken.push(seat);
    }
    for (const seat of queued) seat.catch(() => undefined);
    return { taken, queued };
  }
}

function withUid<T extends KubeObject>(object: T): T {
  return { ...object, metadata: { ...object.metadata, uid: `uid of ${object.metadata.name}` } };
}

async function refusalOf(work: Promise<unknown>): Promise<StatusError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return error;
  }
  throw new Error('it was not refused');
}

describe('flow control', () => {
  it('tells by the default schemas what belongs to whom', async () => {
    const cluster = await Cluster.start();
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a';
    const of = (user: User, url: string, method = 'GET'): string => cluster.schemaOf(user, method, url);
    assert.equal(of(admin, PODS), 'exempt');
    assert.equal(of(bob, '/readyz'), 'probes');
    assert.equal(of(bob, '/readyz/etcd'), 'probes');
    assert.equal(of(bob, '/readyzz'), 'global-default');
    assert.equal(of(bob, '/readyz', 'POST'), 'global-default');
    assert.equal(of(node, '/api/v1/nodes/a/status', 'PATCH'), 'system-node-high');
    assert.equal(
      of(node, '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a', 'PUT'),
      'system-node-high',
    );
    assert.equal(of(node, PODS), 'system-nodes');
    assert.equal(of(account('kube-system', 'a'), leases), 'system-leader-election');
    assert.equal(of(account('kube-system', 'a'), leases, 'DELETE'), 'kube-system-service-accounts');
    assert.equal(of(account('kube-system-2', 'a'), PODS), 'service-accounts');
    assert.equal(of(bob, PODS), 'global-default');
    assert.equal(of({ name: 'nobody', groups: [] }, PODS), 'catch-all');
  });

  it('does without stored configuration, and follows it when it changes', async () => {
    const cluster = new Cluster();
    await cluster.control.start();
    assert.equal(cluster.schemaOf(admin, 'GET', PODS), 'exempt');
    assert.equal(cluster.schemaOf(bob, 'GET', PODS), 'catch-all');
    const [level] = DEFAULT_LEVELS.filter(({ metadata }) => metadata.name === 'workload-low');
    const [schema] = DEFAULT_SCHEMAS.filter(({ metadata }) => metadata.name === 'global-default');
    assert.ok(level && schema);
    const own = { ...schema, spec: { ...schema.spec, priorityLevelConfiguration: { name: 'workload-low' } } };
    cluster.schemas.set('global-default', own);
    await Promise.resolve();
    assert.equal(cluster.schemaOf(bob, 'GET', PODS), 'catch-all', 'its level is missing');
    cluster.levels.set('workload-low', level);
    await Promise.resolve();
    assert.equal(cluster.schemaOf(bob, 'GET', PODS), 'global-default');
    cluster.levels.delete('workload-low');
    await Promise.resolve();
    assert.equal(cluster.schemaOf(bob, 'GET', PODS), 'catch-all');
    await cluster.control.stop();
    cluster.levels.set('workload-low', level);
    await Promise.resolve();
    assert.equal(cluster.schemaOf(bob, 'GET', PODS), 'catch-all', 'it was stopped');
  });

  it('lets a noisy client wait, then refuses him, and nobody else', async () => {
    const cluster = await Cluster.start();
    const { taken, queued } = await cluster.fill(bob, 6 * 50 - 1);
    assert.throws(() => cluster.ask(bob), /Too many requests, please try again later\./);
    for (const user of [node, account('kube-system', 'a'), account('default', 'a'), admin]) {
      assert.ok(!('then' in cluster.ask(user)), `${user.name} waits`);
    }
    // Another flow of the same level is next as soon as a seat is free.
    const other = cluster.ask({ ...bob, name: 'alice' });
    taken[0]?.finish();
    taken[0]?.finish();
    taken[1]?.finish();
    await other;
    const waiting = await Promise.race([Promise.all(queued).then(() => 'none'), Promise.resolve('some')]);
    assert.equal(waiting, 'some');
  });

  it('refuses who waited for a quarter of the time that a request has, and lets go who has gone', async () => {
    const cluster = await Cluster.start();
    cluster.forbidBorrowing('global-default');
    await Promise.resolve();
    const { queued } = await cluster.fill(bob);
    const gone = new AbortController();
    const abandoned = cluster.ask(bob, gone.signal) as Promise<Seat>;
    gone.abort();
    assert.equal((await refusalOf(abandoned)).code, 429);
    cluster.clock.advance(WAIT);
    const error = await refusalOf(queued[0] as Promise<Seat>);
    assert.deepEqual([error.code, error.reason, error.details?.retryAfterSeconds], [429, 'TooManyRequests', 1]);
    const text = await cluster.metrics.text();
    assert.match(
      text,
      /rejected_requests_total\{priority_level="global-default",flow_schema="global-default",reason="time-out"\} 2/,
    );
    assert.match(text, /wait_duration_seconds_count\{[^}]*execute="false"\} 2/);
    assert.match(text, /current_inqueue_requests\{priority_level="global-default",flow_schema="global-default"\} 0/);
  });

  it('lends seats to the level that needs them, and takes them back', async () => {
    const cluster = await Cluster.start();
    const limit = async (level: string): Promise<number> => {
      const text = await cluster.metrics.text();
      return Number(new RegExp(`current_limit_seats\\{priority_level="${level}"\\} (\\d+)`).exec(text)?.[1]);
    };
    const { taken } = await cluster.fill(bob, 250);
    const before = await limit('global-default');
    cluster.clock.advance(10_000);
    const during = await limit('global-default');
    assert.ok(during > 2 * before, `${before} to ${during}`);
    // All others keep what they never lend.
    assert.ok((await limit('node-high')) >= 72);
    const low = await cluster.fill(account('default', 'a'), 200);
    cluster.clock.advance(10_000);
    assert.ok((await limit('workload-low')) > low.taken.length);
    for (const seat of taken) seat.finish();
    await cluster.control.stop();
  });

  it('serves those who wait at a level that is deleted, then forgets it', async () => {
    const cluster = await Cluster.start();
    const { taken, queued } = await cluster.fill(bob, 3);
    cluster.levels.delete('global-default');
    await Promise.resolve();
    assert.equal(cluster.schemaOf(bob, 'GET', PODS), 'catch-all');
    for (const seat of taken) seat.finish();
    for (const seat of await Promise.all(queued)) seat.finish();
    assert.match(await cluster.metrics.text(), /current_limit_seats\{priority_level="global-default"\}/);
    cluster.clock.advance(10_000);
    assert.doesNotMatch(await cluster.metrics.text(), /current_limit_seats\{priority_level="global-default"\}/);
  });
});
