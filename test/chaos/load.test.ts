/** Hosts that have much to do, and changes under load: nothing living is taken for dead, no request is lost. */
import assert from 'node:assert/strict';
import { keepBusy } from '../support/busy.ts';
import { Drill } from '../support/drill.ts';
import { isReadyPod } from '../support/fleet.ts';
import { ROLLING, rollTo } from '../support/rolling.ts';
import { until } from '../support/until.ts';

/** test/bench/busy.ts takes the whole minute. */
const BUSY_SECONDS = 30;

describe('a cluster under load', function () {
  this.timeout(180_000);
  let drill: Drill;

  before(async () => {
    drill = await Drill.start({ ...ROLLING, replicas: 6 });
    await drill.graceOver();
  });
  after(() => drill?.stop());

  it('takes no busy host for a lost one', async () => {
    const run = await keepBusy(drill, BUSY_SECONDS);
    assert.deepEqual({ lost: run.lostNodes, replaced: run.replacedPods }, { lost: [], replaced: 0 });
    assert.ok(run.requests > BUSY_SECONDS, 'the clients asked');
  });

  it('updates a service without a failed request', async () => {
    const run = await rollTo(drill, 'hello2');
    assert.deepEqual(run.reasons, []);
    assert.equal(run.failedRequests, 0);
  });

  it('drains a host without a failed request: replacements are ready before the old pods end', async () => {
    const { fleet, cluster, replicas } = drill;
    const begun = Date.now();
    const old = new Set(fleet.on('node-3').map(({ metadata }) => metadata.uid));
    // A pod that is being deleted is ready for as long as it serves.
    let fewest = replicas;
    const end = fleet.pods.subscribe(
      () => (fewest = Math.min(fewest, [...fleet.pods.list()].filter(isReadyPod).length)),
    );
    assert.ok(old.size > 0);
    await cluster.kubectl('drain', 'node-3', '--ignore-daemonsets', '--timeout=60s');
    const holds = (): boolean => fleet.on('node-3').length === 0 && fleet.isServing(replicas);
    await until([fleet.pods, fleet.slices], holds, { what: 'all pods moved', instead: () => fleet.summary() });
    end();
    const requests = await drill.requestsAfter(begun, 100);
    assert.deepEqual(
      requests.filter(({ ok }) => !ok),
      [],
    );
    assert.equal(fewest, replicas, 'an old pod ended before its replacement was ready');
    await cluster.kubectl('uncordon', 'node-3');
  });
});
