import assert from 'node:assert/strict';
import type { Pod } from '../../api/types/core.v1.ts';
import { Informer } from '../../lib/client/informer.ts';
import { systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { until } from '../support/until.ts';
import { Witness } from '../support/witness.ts';

const deployment = ({ volumes, containers }: Witness['spec']): object => ({
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
        volumes,
        containers,
      },
    },
  },
});

describe('a pod with an identity', () => {
  const witness = new Witness();
  let cluster: TestCluster;
  let pods: Informer<Pod>;

  before(async function () {
    this.timeout(120_000);
    witness.open();
    cluster = await TestCluster.start({ nodes: 2 });
    pods = new Informer<Pod>({ client: cluster.client, path: '/api/v1/namespaces/default/pods', clock: systemClock });
    await pods.start();
    await cluster.kubectlWith(JSON.stringify(deployment(witness.spec)), 'apply', '-f', '-');
  });
  after(async function () {
    this.timeout(60_000);
    await pods?.stop();
    await cluster?.stop();
    await witness.remove();
  });

  function running(): Pod[] {
    return [...pods.list()].filter(({ status }) => status.phase === 'Running');
  }

  it('never runs twice: a host that is cut off has frozen it before it is started elsewhere', async function () {
    this.timeout(120_000);
    await until([pods], () => running().length === 1, { what: 'the pod runs' });
    const [first] = running();
    const node = first?.spec.nodeName ?? '';
    await witness.goesOn(first?.metadata.uid ?? '');

    await cluster.local.cut(node);
    const isElsewhere = ({ spec }: Pod): boolean => Boolean(spec.nodeName) && spec.nodeName !== node;
    await until([pods], () => running().some(isElsewhere), { what: 'the pod runs elsewhere' });
    const next = running().find(isElsewhere)?.metadata.uid ?? '';
    await witness.goesOn(next);
    assert.deepEqual(witness.succession(), [first?.metadata.uid, next]);

    await cluster.local.heal(node);
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
    const host = cluster.local.host(node);
    await eventually('what was frozen has ended', async () =>
      (await host.run('sh', '-c', "pgrep -f '[w]itness/lines' || echo none")).trim() === 'none' ? true : undefined,
    );
    assert.equal(running().length, 1);
    assert.ok(running().every(isElsewhere));
    await witness.goesOn(next);
    assert.deepEqual(witness.succession(), [first?.metadata.uid, next], 'it has not said another word');
  });
});
