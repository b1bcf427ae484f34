/**
 * A stateful set's pod moves when its host is lost, and two of it never run at once: the process whose life is watched on
 * the lost host has ended before the next one says that it has begun.
 */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { Informer } from '../../lib/client/informer.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { isReadyPod } from '../support/fleet.ts';
import { NodeProbe } from '../support/probe.ts';
import { until } from '../support/until.ts';

/** The command line of the one process whose life is watched; as a pattern that does not match who looks for it. */
const PROCESS = 'sleep 7654321';
const PATTERN = '[s]leep 7654321';

/** The defaults of the server's flags --node-grace and --fence. */
const NODE_GRACE_MILLISECONDS = 10_000;
const FENCE_MILLISECONDS = 10_000;
/** For noticing the loss, and for making, placing and starting the pod. */
const REST_MILLISECONDS = 5000;

const LABELS = { app: 'db' };
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'dbs' },
  spec: { clusterIP: 'None', selector: LABELS, ports: [{ port: 80 }] },
};

/** Not on the host from which the test looks at DNS. */
const statefulSet = (eyes: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db' },
  spec: {
    replicas: 1,
    serviceName: 'dbs',
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: [eyes] }] }],
            },
          },
        },
        // Longer than the fence: a pod that ignores SIGTERM must not outlive it.
        terminationGracePeriodSeconds: 60,
        containers: [{ name: 'main', image: IMAGES.busybox, command: ['sh', '-c', `trap "" TERM; ${PROCESS}`] }],
      },
    },
  },
});

describe('a pod of a stateful set', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  let pods: Informer<Pod>;
  let probe: NodeProbe;

  before(async () => {
    cluster = await TestCluster.start({ nodes: 3 });
    const [eyes = ''] = cluster.local.nodeNames;
    pods = new Informer<Pod>({ client: cluster.client, path: '/api/v1/namespaces/default/pods', clock: systemClock });
    await pods.start();
    for (const manifest of [SERVICE, statefulSet(eyes)]) {
      await cluster.kubectlWith(JSON.stringify(manifest), 'apply', '-f', '-');
    }
    probe = NodeProbe.start(cluster.local.host(eyes), 'db-0.dbs.default.svc.cluster.local');
    // Time passes on purpose: a server that has just started gives nodes this long to come back, and judges none of them.
    await sleep(systemClock, NODE_GRACE_MILLISECONDS);
  });
  after(async () => {
    probe?.stop();
    await pods?.stop();
    await cluster?.stop();
  });

  const ready = (): Pod | undefined => [...pods.list()].find(isReadyPod);

  for (const manner of ['kill', 'cut'] as const) {
    it(`moves within seconds when its host is lost (${manner}), keeps its name, and never runs twice`, async () => {
      await until([pods], () => ready() !== undefined, { what: 'the pod is ready' });
      const former = ready();
      const node = former?.spec.nodeName ?? '';
      const host = cluster.local.host(node);
      const ended = host
        .run('sh', '-c', `while pgrep -f '${PATTERN}' >/dev/null; do sleep 0.05; done`)
        // A host that is killed takes with it whoever looks.
        .catch(() => undefined)
        .then(() => systemClock.now());
      const begun = systemClock.now();
      const begunDate = Date.now();
      await cluster.local[manner](node);

      const isNext = ({ metadata, spec }: Pod): boolean =>
        metadata.uid !== former?.metadata.uid && Boolean(spec.nodeName) && spec.nodeName !== node;
      const givenAt = await until([pods], () => [...pods.list()].some(isNext), { what: 'it is given another node' });
      const endedAt = await ended;
      assert.ok(endedAt < givenAt, `it ended ${Math.round(endedAt - givenAt)} ms after it was given to another node`);
      const readyAt = await until([pods], () => [...pods.list()].some((pod) => isNext(pod) && isReadyPod(pod)), {
        what: 'it is ready elsewhere',
      });
      const took = Math.round(readyAt - begun);
      assert.ok(took < FENCE_MILLISECONDS + REST_MILLISECONDS, `it took ${took} ms`);
      const next = ready();
      assert.equal(next?.metadata.name, 'db-0');
      const address = next?.status.podIP ?? '';
      const namedAt = await probe.first(begunDate, 'dns', (addresses) => addresses.join() === address);
      console.log(`      ready after ${took} ms, in DNS after ${namedAt - begunDate} ms`);

      await cluster.local[manner === 'kill' ? 'start' : 'heal'](node);
      await cluster.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
      assert.equal(pods.size, 1);
      assert.equal(ready()?.metadata.uid, next?.metadata.uid);
      const left = await cluster.local.host(node).run('sh', '-c', `pgrep -f '${PATTERN}' || echo none`);
      assert.equal(left.trim(), 'none', 'the host that came back starts no second one');
    });
  }
});
