/** The real kubectl where pods are in each other's way: priorities and preemption, pods that want or shun each other. */
import assert from 'node:assert/strict';
import { TestCluster } from '../support/cluster.ts';
import { busybox, manifest, pod, SLEEP } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const DEVICE = 'example.com/device';
const NODES = ['node-1', 'node-2'] as const;

interface Wanted {
  devices?: number;
  priority?: string;
  node?: string;
  spec?: object;
  metadata?: object;
}

function devices(amount: number): object {
  const list = { [DEVICE]: String(amount) };
  return { resources: { requests: list, limits: list } };
}

function onNode(name: string): object {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
  const nodeSelectorTerms = [{ matchFields }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}

function wanting(name: string, { devices: amount = 0, priority, node, spec, metadata }: Wanted): object {
  const made = pod(name, {
    spec: {
      ...(priority && { priorityClassName: priority }),
      ...(node && { affinity: onNode(node) }),
      ...spec,
    },
    container: amount > 0 ? devices(amount) : {},
  }) as { metadata: object };
  return { ...made, metadata: { ...made.metadata, ...metadata } };
}

describe('kubectl and pods in the way of others', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  let opened = 0;
  before(async () => {
    cluster = await TestCluster.start({ nodes: NODES.length });
    for (const [name, value] of Object.entries({ low: 1, medium: 100, high: 1000 })) {
      await cluster.kubectl('create', 'priorityclass', name, `--value=${value}`);
    }
  });
  beforeEach(async () => {
    opened += 1;
    session = await Session.open(cluster, `placement-${opened}`);
  });
  afterEach(() => session.close(true));
  after(() => cluster?.stop());

  const offer = async (node: string, resource: string, amount: number): Promise<void> => {
    const list = { [resource]: String(amount) };
    const patch = JSON.stringify({ status: { capacity: list, allocatable: list } });
    await cluster.kubectl('patch', 'node', node, '--subresource=status', '--type=merge', '-p', patch);
  };
  const endOf = (name: string): Promise<string> =>
    session.field(`pod ${name} --ignore-not-found`, '.metadata.deletionTimestamp');
  const isGone = async (name: string): Promise<boolean> =>
    (await session.run(`get pod ${name} --ignore-not-found -o name`)) === '' || (await endOf(name)) !== '';

  /** One of low priority, the others of medium: no node has two devices left. */
  async function fill(): Promise<string[]> {
    for (const node of NODES) await offer(node, DEVICE, 5);
    const pods = NODES.flatMap((node, at) =>
      [0, 1].map((index) => ({ name: `pod${at}-${index}`, node, priority: at + index === 0 ? 'low' : 'medium' })),
    );
    await session.apply(manifest(...pods.map((each) => wanting(each.name, { devices: 2, ...each }))));
    await session.wait('--for=condition=Ready pod --all');
    return pods.map(({ name }) => name);
  }

  it('ends the pod of the lowest priority for one of a higher, and no other', async () => {
    const [lowest = '', ...others] = await fill();
    await session.apply(manifest(wanting('preemptor', { devices: 2, priority: 'high' })));
    await session.wait('--for=condition=Ready pod/preemptor');
    assert.ok(await isGone(lowest));
    for (const name of others) assert.equal(await isGone(name), false, name);
    const uid = await session.field('pod preemptor', '.metadata.uid');
    const told = await session.run(`get events --field-selector reason=Preempted -o jsonpath={.items[*].message}`);
    assert.equal(told, `Preempted by pod ${uid} on node node-1`);
    assert.equal(await session.field('pod preemptor', '.status.nominatedNodeName'), '');
    const refused = await session.run(
      `get events --field-selector reason=FailedScheduling -o jsonpath={.items[0].message}`,
    );
    assert.equal(refused, `0/2 nodes are available: 2 Insufficient ${DEVICE}.`);
  });

  it('ends it for a critical pod of the system too', async () => {
    const [lowest = '', ...others] = await fill();
    const critical = wanting('critical-pod', { devices: 2, priority: 'system-cluster-critical' });
    await cluster.kubectlWith(manifest(critical), '--namespace=kube-system', 'apply', '-f', '-');
    try {
      const ready = ['--for=condition=Ready', 'pod/critical-pod', '--timeout=60s'];
      await cluster.kubectl('--namespace=kube-system', 'wait', ...ready);
      assert.ok(await isGone(lowest));
      for (const name of others) assert.equal(await isGone(name), false, name);
    } finally {
      await cluster.kubectl('--namespace=kube-system', 'delete', 'pod', 'critical-pod', '--grace-period=0', '--force');
    }
  });

  it('says on the pod that it was preempted, and waits for it to be gone', async () => {
    for (const node of NODES) await offer(node, DEVICE, 1);
    const finalizers = { finalizers: ['example.com/kept'] };
    const victim = wanting('victim', { devices: 1, priority: 'low', node: 'node-1', metadata: finalizers });
    await session.apply(manifest(victim));
    await session.wait('--for=condition=Ready pod/victim');
    await session.apply(manifest(wanting('preemptor', { devices: 1, priority: 'high', node: 'node-1' })));
    await session.wait('--for=condition=DisruptionTarget pod/victim');
    const condition = '.status.conditions[?(@.type=="DisruptionTarget")]';
    assert.equal(await session.field('pod victim', `${condition}.reason`), 'PreemptionByScheduler');
    assert.equal(
      await session.field('pod victim', `${condition}.message`),
      'default-scheduler: preempting to accommodate a higher priority pod',
    );
    // Nominated to the node, or on it already: the victim's containers have ended, and it waits for its finalizer alone.
    assert.match(await session.run('get pod preemptor -o wide --no-headers'), / node-1 /);
    await session.run(['patch', 'pod', 'victim', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await session.wait('--for=condition=Ready pod/preemptor');
    await session.wait('--for=delete pod/victim');
  });

  it('preempts the pods of replica sets once each, and those of the higher priorities not at all', async () => {
    const fake = 'example.com/fakecpu';
    await offer('node-1', fake, 1000);
    const node = { nodeSelector: { 'kubernetes.io/hostname': 'node-1' }, terminationGracePeriodSeconds: 1 };
    const asking = (amount: number): object => {
      const list = { [fake]: String(amount) };
      return busybox('c', SLEEP, { resources: { requests: list, limits: list } });
    };
    for (const [at, amount] of [200, 300, 450].entries()) {
      const name = `pod${at + 1}`;
      const priority = `p${at + 1}`;
      await cluster.kubectl('create', 'priorityclass', priority, `--value=${at + 1}`);
      const spec = { ...node, priorityClassName: priority, containers: [asking(amount)] };
      await session.apply(
        manifest({
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: { name: `rs-${name}` },
          spec: {
            replicas: 1,
            selector: { matchLabels: { name } },
            template: { metadata: { labels: { name } }, spec },
          },
        }),
      );
      await session.wait(`--for=jsonpath={.status.availableReplicas}=1 rs/rs-${name}`);
    }
    await cluster.kubectl('create', 'priorityclass', 'p4', '--value=4');
    const preemptor = { ...node, priorityClassName: 'p4', containers: [asking(500)] };
    await session.apply(manifest(pod('pod4', { spec: preemptor })));
    await session.wait('--for=condition=Ready pod/pod4');
    for (const name of ['pod1', 'pod2']) {
      await session.wait(`--for=condition=PodScheduled=false pod -l name=${name}`);
    }
    const made = async (name: string): Promise<number> => {
      const about = `reason=SuccessfulCreate,involvedObject.name=rs-${name}`;
      return (await session.run(`get events --field-selector ${about} -o name`)).trim().split('\n').length;
    };
    assert.deepEqual([await made('pod1'), await made('pod2'), await made('pod3')], [2, 2, 1]);
  });

  it('refuses what is more than all nodes have left, and a host port that any address has taken', async () => {
    for (const node of NODES) await offer(node, DEVICE, 5);
    await session.apply(manifest(...NODES.map((node, at) => wanting(`filler-${at}`, { devices: 4, node }))));
    await session.wait('--for=condition=PodScheduled pod --all');
    await session.apply(manifest(wanting('additional', { devices: 2 })));
    await session.wait('--for=condition=PodScheduled=false pod/additional');
    const events = await session.run('get events --field-selector type=Warning,reason=FailedScheduling -o name');
    assert.match(events, /^event\/additional\./);
    const port = (name: string, hostIP?: string): object =>
      pod(name, {
        spec: { affinity: onNode('node-1') },
        container: { ports: [{ containerPort: 8080, hostPort: 54_322, protocol: 'TCP', ...(hostIP && { hostIP }) }] },
      });
    await session.apply(manifest(port('any')));
    await session.wait('--for=condition=PodScheduled pod/any');
    await session.apply(manifest(port('loopback', '127.0.0.1')));
    await session.wait('--for=condition=PodScheduled=false pod/loopback');
    assert.match(
      await session.field('pod loopback', '.status.conditions[?(@.type=="PodScheduled")].message'),
      /^0\/2 nodes are available: 1 node\(s\) didn't have free ports for the requested pod ports, 1 node\(s\) didn't satisfy plugin\(s\) \[NodeAffinity\]\. /,
    );
  });

  it('keeps replicas apart, brings others to them, and says why the last has no place', async () => {
    const labelSelector = { matchLabels: { app: 'apart' } };
    const rules = [{ topologyKey: 'kubernetes.io/hostname', labelSelector }];
    const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: rules } };
    const together = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: rules } };
    const one = (name: string, affinity: object): object => pod(name, { labels: { app: 'apart' }, spec: { affinity } });
    await session.apply(manifest(one('a', apart), one('b', apart)));
    await session.wait('--for=condition=Ready pod --all');
    const [a, b] = [await session.field('pod a', '.spec.nodeName'), await session.field('pod b', '.spec.nodeName')];
    assert.notEqual(a, b);
    await session.apply(manifest(one('c', apart)));
    await session.wait('--for=condition=PodScheduled=false pod/c');
    assert.equal(
      await session.field('pod c', '.status.conditions[?(@.type=="PodScheduled")].message'),
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. " +
        'preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    );
    await session.run('delete pod a');
    await session.wait('--for=condition=Ready pod/c');
    assert.equal(await session.field('pod c', '.spec.nodeName'), a);
    await session.run('delete pod b');
    await session.apply(manifest(pod('friend', { spec: { affinity: together } })));
    await session.wait('--for=condition=Ready pod/friend');
    assert.equal(await session.field('pod friend', '.spec.nodeName'), a);
  });
});
