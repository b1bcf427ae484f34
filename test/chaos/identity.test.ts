import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { Informer } from '../../lib/client/informer.ts';
import { systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

/** The command line of the one process whose life is watched. */
const PROCESS = 'sleep 9876543';
/** As a pattern that does not match who looks for it. */
const PATTERN = '[s]leep 9876543';

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'single' },
  spec: {
    replicas: 1,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: 'single' } },
    template: {
      metadata: { labels: { app: 'single' }, annotations: { 'dure.internal/identity': 'true' } },
      spec: {
        // Longer than the fence: a pod that ignores SIGTERM must not outlive it.
        terminationGracePeriodSeconds: 60,
        containers: [{ name: 'main', image: IMAGES.busybox, command: ['sh', '-c', `trap "" TERM; ${PROCESS}`] }],
      },
    },
  },
};

describe('a pod with an identity', () => {
  let cluster: TestCluster;
  let pods: Informer<Pod>;

  before(async function () {
    this.timeout(120_000);
    cluster = await TestCluster.start({ nodes: 2 });
    pods = new Informer<Pod>({ client: cluster.client, path: '/api/v1/namespaces/default/pods', clock: systemClock });
    await pods.start();
    await cluster.kubectlWith(JSON.stringify(DEPLOYMENT), 'apply', '-f', '-');
  });
  after(async function () {
    this.timeout(60_000);
    await pods?.stop();
    await cluster?.stop();
  });

  function running(): Pod[] {
    return [...pods.list()].filter(({ status }) => status.phase === 'Running');
  }

  it('never runs twice: a host that is cut off has stopped it before it is started elsewhere', async function () {
    this.timeout(120_000);
    await until([pods], () => running().length === 1, { what: 'the pod runs' });
    const [first] = running();
    const node = first?.spec.nodeName ?? '';
    const host = cluster.local.host(node);
    const ended = host
      .run('sh', '-c', `while pgrep -f '${PATTERN}' >/dev/null; do sleep 0.05; done`)
      .then(() => systemClock.now());

    await cluster.local.cut(node);
    const isElsewhere = ({ spec }: Pod): boolean => Boolean(spec.nodeName) && spec.nodeName !== node;
    const startedAt = await until([pods], () => [...pods.list()].some(isElsewhere), {
      what: 'the pod is given another node',
    });
    const endedAt = await ended;
    assert.ok(endedAt < startedAt, `it ended ${Math.round(endedAt - startedAt)} ms after it was started elsewhere`);
    await until([pods], () => running().some(isElsewhere), { what: 'the pod runs elsewhere' });

    await cluster.local.heal(node);
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
    assert.equal(running().length, 1);
    assert.ok(running().every(isElsewhere));
    const left = await host.run('sh', '-c', `pgrep -f '${PATTERN}' || echo none`);
    assert.equal(left.trim(), 'none');
  });
});
