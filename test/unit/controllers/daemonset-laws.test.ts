/** What holds of daemon sets whatever happens, and however late the controller learns of it. */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { kinds } from '../../../api/kinds.ts';
import type { DaemonSet, RollingUpdateDaemonSet } from '../../../api/types/apps.v1.ts';
import type { Node, Pod } from '../../../api/types/core.v1.ts';
import { isReady, isTerminal } from '../../../control-plane/controllers/conditions.ts';
import { DaemonSetController } from '../../../control-plane/controllers/daemonset/daemonset.ts';
import {
  NOWHERE,
  nodeOf,
  placementOf,
  type Placement,
} from '../../../control-plane/controllers/daemonset/placement.ts';
import { aDaemonSet, aNode, HASH } from './daemons.ts';
import { World, settle } from './world.ts';

const NODES = ['a', 'b', 'c', 'd'];
const SHUNNED = [{ key: 'role', effect: 'NoExecute' }];
const CORDONED = [{ key: 'role', effect: 'NoSchedule' }];

const STEPS = [
  'bind',
  'start',
  'stop',
  'fail',
  'finish',
  'delete',
  'join',
  'part',
  'taint',
  'clear',
  'update',
] as const;

interface Step {
  readonly do: (typeof STEPS)[number] | 'deliver' | 'wait';
  readonly pick: number;
}

const steps = fc.array(
  fc.record({
    do: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom<Step['do']>('deliver', 'bind', 'start', 'finish') },
      { weight: 1, arbitrary: fc.constantFrom<Step['do']>('update', 'wait') },
      { weight: 2, arbitrary: fc.constantFrom<Step['do']>(...STEPS) },
    ),
    pick: fc.nat(20),
  }),
  { maxLength: 60, size: 'max' },
);

/** A cluster of nodes that come and go, with one daemon set, and the laws that it is watched for. */
class Cluster {
  readonly world = new World();
  readonly surge: number;
  private readonly maxUnavailable: number;
  /** Nodes that the update has taken an available pod from, and that have had no available one since. */
  private readonly taken = new Set<string>();
  /** Names of pods that were on their way out at the last look, or that somebody else is about to delete. */
  private readonly going = new Set<string>();
  /** What a law says is wrong. It can't be thrown where the controller would take it for a failed write. */
  private broken: unknown;

  constructor({ maxSurge, maxUnavailable }: RollingUpdateDaemonSet) {
    this.surge = Number(maxSurge);
    this.maxUnavailable = Number(maxUnavailable);
    this.world.of(kinds.daemonsets).seed(aDaemonSet({ rollingUpdate: { maxSurge, maxUnavailable } }));
    for (const name of NODES.slice(0, 3)) this.world.of(kinds.nodes).seed(aNode(name));
    this.world.onWrite = () => {
      try {
        this.judge();
      } catch (error) {
        this.broken ??= error;
      }
    };
  }

  get pods(): Pod[] {
    return this.world.all(kinds.pods);
  }

  get daemonSet(): DaemonSet {
    const [daemonSet] = this.world.all(kinds.daemonsets);
    assert.ok(daemonSet);
    return daemonSet;
  }

  private nodeNamed(name: string | undefined): Node | undefined {
    return this.world.all(kinds.nodes).find(({ metadata }) => metadata.name === name);
  }

  private seenNode(name: string): Node | undefined {
    return this.world.resource(kinds.nodes).view.get(name);
  }

  private placement(node: Node | undefined): Placement {
    return node ? placementOf(this.daemonSet.spec.template.spec)(node) : NOWHERE;
  }

  private isWanted(node: Node | undefined): boolean {
    return this.placement(node).isWanted;
  }

  private judge(): void {
    const onNodes = Map.groupBy(
      this.pods.filter((pod) => !isTerminal(pod)),
      (pod) => nodeOf(pod) ?? '',
    );
    for (const [node, pods] of onNodes) {
      const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      if (this.surge === 0) assert.ok(pods.length <= 1, `${pods.length} pods on ${node}`);
      const hashes = new Set(staying.map(({ metadata }) => metadata.labels?.[HASH]));
      assert.ok(staying.length <= 2 && hashes.size === staying.length, `${staying.length} pods on ${node}`);
    }
    for (const pod of this.pods) this.judgePod(pod);
    // Where no pod is wanted any more none is missed.
    for (const node of this.taken) if (!this.isWanted(this.seenNode(node))) this.taken.delete(node);
    if (this.surge === 0)
      assert.ok(this.taken.size <= this.maxUnavailable, `the update took ${[...this.taken].join()}`);
  }

  private judgePod(pod: Pod): void {
    const node = nodeOf(pod) ?? '';
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (isReady(pod) && !isGoing && !isTerminal(pod)) this.taken.delete(node);
    // The controller goes by what it sees, which may be less than there is.
    const seen = this.world.resource(kinds.pods).view.get(`default/${pod.metadata.name}`);
    const served = seen && isReady(seen) && seen.metadata.deletionTimestamp === undefined && !isTerminal(seen);
    const wanted = this.isWanted(this.seenNode(node));
    const { name = '' } = pod.metadata;
    if (!this.going.has(name) && isGoing && served && wanted) this.taken.add(node);
    if (isGoing) this.going.add(name);
  }

  /** One thing happens that is not the controller's doing. */
  async act({ do: what, pick }: Step): Promise<void> {
    const { world } = this;
    const alive = this.pods.filter((pod) => !isTerminal(pod));
    const staying = alive.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const placed = staying.filter(({ spec }) => spec.nodeName);
    const one = (pods: readonly Pod[]): Pod | undefined => pods[pick % pods.length];
    const name = NODES[pick % NODES.length] ?? '';
    switch (what) {
      case 'deliver':
        return world.deliverSome(1 + (pick % 4), pick);
      case 'wait':
        return world.deliver();
      case 'bind':
        return this.bind(one(staying.filter(({ spec }) => !spec.nodeName)));
      case 'start':
        return this.setReady(one(placed), 'True');
      case 'stop':
        return this.setReady(one(placed), 'False');
      case 'fail':
        return this.change(one(placed), (pod) => ({ ...pod, status: { ...pod.status, phase: 'Failed' } }), 'status');
      case 'finish':
        return this.finish(one(this.pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)));
      case 'delete':
        return this.remove(one(staying));
      case 'join':
        if (!world.of(kinds.nodes).objects.has(`${name}`)) world.of(kinds.nodes).seed(aNode(name));
        return;
      case 'part':
        return this.part(name);
      case 'taint':
        return this.taint(name, pick % 2 === 0 ? SHUNNED : CORDONED);
      case 'clear':
        return this.taint(name, []);
      case 'update':
        return this.update(pick % 3);
    }
  }

  private async change(pod: Pod | undefined, apply: (pod: Pod) => Pod, part?: 'status'): Promise<void> {
    const { namespace = '', name = '' } = pod?.metadata ?? {};
    if (pod) await this.world.resource(kinds.pods).mutate(namespace, name, apply, part ? { subresource: part } : {});
  }

  private async bind(pod: Pod | undefined): Promise<void> {
    const node = pod && nodeOf(pod);
    if (!node || !this.world.of(kinds.nodes).objects.has(node)) return;
    await this.change(pod, (current) => ({ ...current, spec: { ...current.spec, nodeName: node } }));
  }

  private setReady(pod: Pod | undefined, status: string): Promise<void> {
    const conditions = [{ type: 'Ready', status, lastTransitionTime: this.world.clock.date().toISOString() }];
    return this.change(pod, (current) => ({ ...current, status: { ...current.status, conditions } }), 'status');
  }

  private async remove(pod: Pod | undefined): Promise<void> {
    const { name = '' } = pod?.metadata ?? {};
    if (!pod) return;
    this.going.add(name);
    await this.world.resource(kinds.pods).delete('default', name);
  }

  private finish(pod: Pod | undefined): Promise<void> {
    if (pod) this.world.of(kinds.pods).remove(pod);
    return Promise.resolve();
  }

  /** What was bound to a node goes with it, sooner or later. */
  private part(name: string): Promise<void> {
    const node = this.nodeNamed(name);
    if (!node) return Promise.resolve();
    this.world.of(kinds.nodes).remove(node);
    this.taken.delete(name);
    return Promise.resolve();
  }

  private async taint(name: string, taints: Node['spec']['taints']): Promise<void> {
    if (!this.world.of(kinds.nodes).objects.has(name)) return;
    const apply = (node: Node): Node => ({ ...node, spec: { ...node.spec, ...(taints ? { taints } : {}) } });
    await this.world.resource(kinds.nodes).mutate('', name, apply);
  }

  private async update(version: number): Promise<void> {
    await this.world.resource(kinds.daemonsets).mutate('default', 'web', (daemonSet) => {
      const { template } = daemonSet.spec;
      if (template.spec.hostname === `v${version}`) return undefined;
      const spec = { ...template.spec, hostname: `v${version}` };
      const generation = String((daemonSet.metadata.generation ?? 0) + 1);
      const annotations = { 'deprecated.daemonset.template.generation': generation };
      const next = { ...daemonSet, spec: { ...daemonSet.spec, template: { ...template, spec } } };
      return { ...next, metadata: { ...next.metadata, annotations } };
    });
  }

  /** Everything that is due happens, until nothing is. */
  async calm(): Promise<void> {
    this.world.lagging = false;
    this.world.deliver();
    await settle();
    const nodes = this.world.of(kinds.nodes).objects;
    for (let turn = 0; turn < 100; turn += 1) {
      const before = this.world.nextRevision();
      for (const pod of this.pods) {
        const isStray = pod.spec.nodeName !== undefined && !nodes.has(pod.spec.nodeName);
        if (pod.metadata.deletionTimestamp !== undefined || isStray) await this.finish(pod);
        else if (!pod.spec.nodeName) await this.bind(pod);
        else if (!isTerminal(pod) && !isReady(pod)) await this.setReady(pod, 'True');
      }
      this.world.clock.advance(60_000);
      await settle();
      if (Number(this.world.nextRevision()) === Number(before) + 1) return;
    }
    assert.fail('it does not come to rest');
  }

  assertLawful(): void {
    if (this.broken) throw this.broken as Error;
  }

  /** One pod of the present template on each node that wants one, and a status that says so. */
  assertDone(): void {
    const wanted = this.world.all(kinds.nodes).filter((node) => this.isWanted(node));
    const names = wanted.map(({ metadata }) => metadata.name ?? '');
    const placed = this.pods.filter((pod) => names.includes(nodeOf(pod) ?? ''));
    assert.deepEqual(new Set(placed.map((pod) => nodeOf(pod))), new Set(names));
    assert.equal(placed.length, names.length);
    const { hostname } = this.daemonSet.spec.template.spec;
    for (const { spec } of placed) assert.equal(spec.hostname, hostname);
    // Where new pods are not wanted one that was there may stay.
    const others = this.pods.filter((pod) => !placed.includes(pod));
    for (const pod of others) assert.ok(this.placement(this.nodeNamed(nodeOf(pod))).mayStay, nodeOf(pod));
    assert.equal(new Set(others.map((pod) => nodeOf(pod))).size, others.length);
    const { status } = this.daemonSet;
    assert.deepEqual(
      [status.desiredNumberScheduled, status.numberReady, status.updatedNumberScheduled ?? 0],
      [names.length, names.length, names.length],
    );
    assert.equal(status.observedGeneration, this.daemonSet.metadata.generation);
    const revisions = this.world.all(kinds.controllerrevisions);
    const numbers = revisions.map(({ revision }) => revision);
    assert.equal(new Set(numbers).size, numbers.length);
    const current = revisions.find(({ revision }) => revision === Math.max(...numbers));
    for (const { metadata } of placed) assert.equal(metadata.labels?.[HASH], current?.metadata.labels?.[HASH]);
  }
}

async function play(given: readonly Step[], strategy: RollingUpdateDaemonSet): Promise<void> {
  const cluster = new Cluster(strategy);
  const { world } = cluster;
  const runner = world.runner(new DaemonSetController({ registry: world }));
  await runner.start();
  await cluster.calm();
  world.lagging = true;
  for (const step of given) {
    await cluster.act(step);
    await settle();
    cluster.assertLawful();
    // Failed pods are replaced after a while; no view is ever behind for so long that it is not waited for.
    if (step.do !== 'wait') continue;
    world.clock.advance(5000);
    await settle();
  }
  await cluster.calm();
  cluster.assertLawful();
  cluster.assertDone();
  await runner.stop();
}

describe('a daemon set, whatever happens', () => {
  const replacing = fc.integer({ min: 1, max: 2 }).map((maxUnavailable) => ({ maxUnavailable, maxSurge: 0 }));
  const surging = fc.integer({ min: 1, max: 2 }).map((maxSurge) => ({ maxUnavailable: 0, maxSurge }));

  it('never has two pods on a node, nor takes more than it may for an update, and converges', () =>
    fc.assert(fc.asyncProperty(steps, replacing, play), { numRuns: 40 }));

  it('has two pods on a node only of two templates while it surges, and converges', () =>
    fc.assert(fc.asyncProperty(steps, surging, play), { numRuns: 40 }));
});
