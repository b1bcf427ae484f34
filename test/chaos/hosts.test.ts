/** Hosts that die, are cut off, come back: what was declared runs again, once, and nobody is sent to what is gone. */
import assert from 'node:assert/strict';
import { Drill } from '../support/drill.ts';
import { eventually } from '../support/eventually.ts';
import { until } from '../support/until.ts';
import { NodeProbe } from '../support/probe.ts';

describe('hosts that are lost', function () {
  this.timeout(120_000);
  let drill: Drill;

  before(async () => {
    drill = await Drill.start();
    await drill.graceOver();
  });
  after(() => drill?.stop());

  const declared = async (): Promise<string> =>
    drill.cluster.kubectl('get', 'deployments,services,configmaps,secrets', '-o', 'name');

  /** Whatever runs on the node is of pods that the API binds to it. */
  async function holdsOnlyItsPods(node: string): Promise<void> {
    await eventually(`${node} runs what it should and no more`, async () => {
      // Each pod has one container and the one that holds it open.
      const wanted = drill.fleet.on(node).length * 2;
      return (await drill.containersOn(node)).length === wanted ? true : undefined;
    });
  }

  async function untilReplaced(victim: string): Promise<void> {
    const { fleet, replicas } = drill;
    const holds = (): boolean =>
      fleet.ready().filter(({ spec }) => spec.nodeName !== victim).length === replicas && fleet.isServing(replicas);
    await until([fleet.pods, fleet.slices], holds, { what: 'replacements serve', instead: () => fleet.summary() });
  }

  it('replaces the pods of a killed host, and of a host that boots again nothing is left', async () => {
    const before = await declared();
    const lost = new Set(drill.fleet.on('node-2').map(({ metadata }) => metadata.uid));
    assert.ok(lost.size > 0);
    await drill.cluster.local.kill('node-2');
    await untilReplaced('node-2');
    await drill.cluster.local.start('node-2');
    await drill.settled();
    await holdsOnlyItsPods('node-2');
    assert.ok(
      [...drill.fleet.pods.list()].every(({ metadata }) => !lost.has(metadata.uid)),
      'a replaced pod is back',
    );
    assert.equal(await declared(), before);
  });

  it('replaces the pods of a cut host; healed, it gives them up and serves no request in their name', async () => {
    const before = await declared();
    const lost = drill.fleet.on('node-3');
    const addresses = new Set(lost.map(({ status }) => status.podIP ?? ''));
    const names = lost.map(({ metadata }) => metadata.name ?? '');
    assert.ok(lost.length > 0);
    const isOut = (seen: readonly string[]): boolean => !seen.some((address) => addresses.has(address));
    const probe = NodeProbe.start(drill.host(drill.clientNode), 'hello-each.default.svc.cluster.local');
    try {
      await probe.first(0, 'dns', (seen) => seen.length === drill.replicas);
      const begun = Date.now();
      await drill.cluster.local.cut('node-3');
      await untilReplaced('node-3');
      const out = Math.max(await probe.first(begun, 'rules', isOut), await probe.first(begun, 'dns', isOut));
      assert.ok((await drill.containersOn('node-3')).length >= names.length * 2, 'a cut host goes on by itself');

      await drill.cluster.local.heal('node-3');
      await drill.settled();
      await holdsOnlyItsPods('node-3');
      const healed = Date.now();
      const requests = await drill.requestsAfter(healed, 50);

      for (const what of ['rules', 'dns'] as const) {
        assert.ok(probe.since(out, what).every(isOut), `${what} of another host name a pod that was replaced`);
      }
      const all = await drill.requestsSince(out);
      const late = all.filter(({ text }) => names.some((name) => text.endsWith(name)));
      assert.deepEqual(late, [], 'a replaced pod has answered');
      assert.ok(requests.filter(({ at }) => at > healed + 1000).every(({ ok }) => ok));
      assert.equal(await declared(), before);
    } finally {
      probe.stop();
    }
  });
});
