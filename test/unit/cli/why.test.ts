import assert from 'node:assert/strict';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { ContainerStatus, Event, Node, Pod } from '../../../api/types/core.v1.ts';
import { explainDeployment } from '../../../cli/why/deployment.ts';
import type { Explanation } from '../../../cli/why/explanation.ts';
import { explainJob } from '../../../cli/why/job.ts';
import { explainOwner } from '../../../cli/why/owner.ts';
import { explainRefused } from '../../../cli/why/refused.ts';
import { explainPod, type PodSeen } from '../../../cli/why/pod.ts';

const now = new Date('2026-01-01T01:00:00Z');

function node(
  name: string,
  change: { spec?: Node['spec']; labels?: Record<string, string>; cpu?: string; ready?: boolean } = {},
): Node {
  return {
    metadata: { name, labels: change.labels ?? {} },
    spec: change.spec ?? {},
    status: {
      allocatable: { cpu: change.cpu ?? '2', memory: '4Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: change.ready === false ? 'False' : 'True', message: 'silent for 40s' }],
    },
  } as unknown as Node;
}

function pod(name: string, spec: Partial<Pod['spec']> = {}, status: Pod['status'] = {}, cpu = '1'): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, creationTimestamp: '2026-01-01T00:59:00Z' },
    spec: {
      containers: [{ name: 'c', image: 'app:1', resources: { requests: { cpu }, limits: { memory: '64Mi' } } }],
      ...spec,
    },
    status,
  } as Pod;
}

function seen(own: Pod, more: Partial<PodSeen> = {}): PodSeen {
  return {
    pod: own,
    events: [],
    nodes: [node('n1')],
    others: [],
    namespaces: new Map(),
    claims: [],
    lastLines: new Map(),
    now,
    ...more,
  };
}

function event(reason: string, message: string): Event {
  return { metadata: {}, involvedObject: {}, reason, message, lastTimestamp: '2026-01-01T00:59:30Z' } as Event;
}

function running(status: Partial<ContainerStatus>): Pod {
  const own = {
    name: 'c',
    ready: false,
    restartCount: 0,
    image: 'app:1',
    imageID: '',
    state: {},
    lastState: {},
    ...status,
  };
  return pod('web', { nodeName: 'n1' }, { phase: 'Running', containerStatuses: [own as ContainerStatus] });
}

describe('why a pod is on no node', () => {
  it('names each node with what speaks against it, and what would help', () => {
    const said = '0/4 nodes are available: …';
    const why = explainPod(
      seen(
        pod(
          'web',
          { nodeSelector: { disk: 'ssd' } },
          { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: said }] },
        ),
        {
          nodes: [
            node('full', { labels: { disk: 'ssd' } }),
            node('tainted', {
              labels: { disk: 'ssd' },
              spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] },
            }),
            node('plain', { spec: { unschedulable: true } }),
            node('silent', { labels: { disk: 'hdd' }, ready: false }),
          ],
          others: [
            pod('big', { nodeName: 'full' }, { phase: 'Running' }, '1500m'),
            pod('done', { nodeName: 'full' }, { phase: 'Succeeded' }),
          ],
        },
      ),
    );
    assert.equal(why.headline, 'pod/web waits for a node that can take it, for 60s now.');
    assert.deepEqual(why.facts, [`The scheduler says: ${said}`]);
    assert.deepEqual(why.nodes, [
      { name: 'full', reason: 'has too little cpu free: the pod asks for 1, 500m of 2 are free' },
      { name: 'tainted', reason: 'has the taint a=b:NoSchedule, which the pod does not tolerate' },
      { name: 'plain', reason: 'is cordoned; lacks the label disk=ssd' },
      { name: 'silent', reason: 'is not ready (silent for 40s); has the label disk=hdd, not disk=ssd' },
    ]);
    assert.deepEqual(why.help, [
      "Lower the pod's cpu request to 500m, the most that is free (on full), or stop something else there, or add a node with 1 cpu free",
      'Give the pod a toleration for a=b:NoSchedule, or take the taint away: dure taint nodes tainted a-',
    ]);
  });

  it('knows a pod that no node is large enough for', () => {
    const why = explainPod(seen(pod('web', {}, {}, '8')));
    assert.equal(why.nodes[0]?.reason, 'is too small: the pod asks for 8 cpu, the node has 2');
  });

  it('counts tolerations, host ports and node affinity', () => {
    const ports = [{ containerPort: 80, hostPort: 80 }];
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['x', 'y'] }] }],
        },
      },
    };
    const own = pod('web', {
      containers: [{ name: 'c', ports, resources: {} }],
      affinity,
      tolerations: [{ key: 'a', operator: 'Exists' }],
    });
    const holder = pod('proxy', { nodeName: 'n1', containers: [{ name: 'c', ports, resources: {} }] });
    const nodes = [node('n1', { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] }, labels: { zone: 'z' } })];
    assert.equal(
      explainPod(seen(own, { nodes, others: [holder] })).nodes[0]?.reason,
      "does not match the pod's node affinity: zone in (x, y); has its port 80 taken by default/proxy",
    );
  });

  it('says when there is no node, and when nothing seems wrong', () => {
    assert.deepEqual(explainPod(seen(pod('web'), { nodes: [] })).facts, ['The cluster has no nodes.']);
    assert.match(explainPod(seen(pod('web'))).nodes[0]?.reason ?? '', /nothing that is seen from here/);
  });
});

describe('why a pod is not ready', () => {
  const ended = {
    exitCode: 137,
    reason: 'OOMKilled',
    startedAt: '2026-01-01T00:57:00Z',
    finishedAt: '2026-01-01T00:58:00Z',
  };

  it('tells of memory, with the limit', () => {
    const why = explainPod(
      seen(
        running({
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: ended },
        }),
      ),
    );
    assert.equal(why.headline, 'pod/web is not ready: container c keeps ending.');
    assert.match(
      why.facts[0] ?? '',
      /more memory than its limit of 64Mi \(OOMKilled, exit code 137\), and has been restarted 3 times/,
    );
    assert.match(why.help.join(), /Raise the memory limit of c.*dure logs web -c c -p/);
  });

  it('tells of exit codes and signals', () => {
    const terminated = { ...ended, reason: 'Error', exitCode: 143 };
    const why = explainPod(
      seen(running({ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } })),
    );
    assert.match(why.facts[0] ?? '', /with exit code 143 \(SIGTERM\)/);
  });

  it('shows what it said last', () => {
    const own = running({
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { ...ended, reason: 'Error', exitCode: 3 } },
    });
    const { facts } = explainPod(seen(own, { lastLines: new Map([['c', ['no database', 'giving up']]]) }));
    assert.deepEqual(facts.slice(-3), ['Its last words:', '  no database', '  giving up']);
  });

  it('knows which ends are the doing of a probe', () => {
    const crashed = { state: { waiting: { reason: 'CrashLoopBackOff' } }, restartCount: 2 };
    const events = [
      event('Unhealthy', 'Liveness probe failed: connection refused'),
      { ...event('Killing', 'Container c failed liveness probe, will be restarted') },
    ];
    const killed = { ...ended, reason: 'Completed', exitCode: 0, startedAt: '2026-01-01T00:59:30.500Z' };
    const why = explainPod(seen(running({ ...crashed, lastState: { terminated: killed } }), { events }));
    assert.ok(why.facts.includes('The node ended it because it failed its liveness probe.'));
    assert.ok(why.facts.includes('Liveness probe failed: connection refused'));
    assert.match(why.help[0] ?? '', /^Make it answer its liveness probe, or change that probe/);
    const later = { ...killed, startedAt: '2026-01-01T00:59:40Z' };
    const own = explainPod(seen(running({ ...crashed, lastState: { terminated: later } }), { events }));
    assert.match(own.help[0] ?? '', /^It ends without an error/, 'the probe had ended the one before');
  });

  it('sends nobody to the log of what was never started', () => {
    const terminated = { ...ended, reason: 'StartError', exitCode: 128, message: 'stat /bin/nope: no such file' };
    const own = running({ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } });
    own.spec.containers[0]!.command = ['/bin/nope'];
    assert.deepEqual(explainPod(seen(own)).help, ['Check that its image has the command: /bin/nope']);
  });

  it('tells of images', () => {
    const own = running({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } });
    const events = [
      event('Failed', 'Failed to pull image "app:1": not found'),
      event('BackOff', 'Back-off pulling image'),
      event('Failed', 'Error: ImagePullBackOff'),
    ];
    const why = explainPod(seen(own, { events }));
    assert.match(why.headline, /the image of container c can't be fetched/);
    assert.deepEqual(why.facts, ['Image: app:1', 'Last error: Failed to pull image "app:1": not found']);
    assert.match(why.help[0] ?? '', /Check that app:1 exists/);
  });

  it('tells which config map to create', () => {
    const own = running({
      state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "conf" not found' } },
    });
    assert.match(explainPod(seen(own)).help[0] ?? '', /dure create configmap conf -n default/);
  });

  it('tells what else keeps a container from being made', () => {
    const help = (message: string): string =>
      explainPod(seen(running({ state: { waiting: { reason: 'CreateContainerConfigError', message } } }))).help.join();
    assert.match(
      help("couldn't find key level in ConfigMap default/conf"),
      /^Give it the key level \(dure edit configmap conf -n default\)/,
    );
    assert.match(help('container has runAsNonRoot and image will run as root'), /^Set runAsUser/);
    assert.equal(help('something new'), 'See dure describe pod web');
  });

  it('tells of probes, with their last answer', () => {
    const own = running({ started: true, state: { running: { startedAt: '2026-01-01T00:59:00Z' } } });
    own.spec.containers[0]!.readinessProbe = { httpGet: { path: '/ok', port: 80 } };
    const why = explainPod(seen(own, { events: [event('Unhealthy', 'Readiness probe failed: HTTP 503')] }));
    assert.match(why.headline, /does not pass its readiness probe/);
    assert.deepEqual(why.facts.slice(0, 2), [
      'Probe: http-get http://:80/ok',
      'Last answer: Readiness probe failed: HTTP 503',
    ]);
  });

  it('tells of a lost node before anything else', () => {
    const why = explainPod(seen(running({ state: { running: {} } }), { nodes: [node('n1', { ready: false })] }));
    assert.match(why.headline, /is on node n1, which is not ready/);
  });

  it('is content with a pod that is ready', () => {
    const own = running({ ready: true, restartCount: 1, lastState: { terminated: ended } });
    own.status!.conditions = [{ type: 'Ready', status: 'True' }];
    const why = explainPod(seen(own));
    assert.equal(why.isFine, true);
    assert.match(why.facts[0] ?? '', /was restarted 1 time/);
  });
});

describe('why a deployment is not done', () => {
  const deployment = (status: Deployment['status'], spec: Partial<Deployment['spec']> = {}): Deployment =>
    ({
      metadata: { name: 'web', generation: 1 },
      spec: { replicas: 3, ...spec },
      status: { observedGeneration: 1, ...status },
    }) as Deployment;

  it('puts pods with the same trouble together', () => {
    const pods = ['web-1', 'web-2'].map((name) => {
      const own = pod(name, {}, {}, '8');
      return { pod: own, why: explainPod(seen(own)) };
    });
    const why = explainDeployment({
      deployment: deployment({ updatedReplicas: 3, availableReplicas: 1 }),
      sets: [],
      pods,
      events: [],
    });
    assert.equal(
      why.headline,
      'deployment/web is not done: 1 of 3 pods are available, 3 of them are of the newest version.',
    );
    assert.match(why.facts[0] ?? '', /^2 pods like this one hold it up: pod\/web-1 waits/);
    assert.equal(why.nodes.length, 1);
  });

  it('tells that it is paused, scaled to none, or that its pods are refused', () => {
    const explain = (own: Deployment): string =>
      explainDeployment({ deployment: own, sets: [], pods: [], events: [] }).headline;
    assert.match(explain(deployment({}, { paused: true })), /is paused/);
    assert.match(explain(deployment({}, { replicas: 0 })), /scaled to 0/);
    assert.match(explain(deployment({ observedGeneration: 0 })), /no controller has seen it/);
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }];
    assert.match(explain(deployment({ conditions })), /can't create its pods/);
    assert.match(explain(deployment({ updatedReplicas: 3, availableReplicas: 3 })), /nothing is wrong/);
  });
});

describe('why a job', () => {
  const job = (spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job => ({
    metadata: { name: 'sum', namespace: 'default' },
    spec: { completions: 3, template: { metadata: {}, spec: { containers: [] } }, ...spec },
    status,
  });
  const member = (name: string, status: Pod['status']): { pod: Pod; why: Explanation } => {
    const own = pod(name, { nodeName: 'n1' }, status);
    return { pod: own, why: explainPod(seen(own)) };
  };
  const explain = (own: Job, pods: { pod: Pod; why: Explanation }[] = [], events: Event[] = []): Explanation =>
    explainJob({ job: own, pods, events, now });
  const decided = (type: string, reason = '', message = ''): Job['status'] => ({
    conditions: [{ type, status: 'True', reason, message }],
  });

  it('has failed, with what its last pod said', () => {
    const status = {
      ...decided('Failed', 'BackoffLimitExceeded', 'Job has reached the limit'),
      succeeded: 1,
      failed: 2,
    };
    const terminated = { exitCode: 3, reason: 'Error', finishedAt: '2026-01-01T00:59:30Z' };
    const main = { name: 'c', image: 'app:1', imageID: '', ready: false, restartCount: 0, state: { terminated } };
    const failed = member('sum-a', { phase: 'Failed', containerStatuses: [main as unknown as ContainerStatus] });
    const why = explain(job({}, { ...status, failedIndexes: '1' }), [failed]);
    assert.equal(why.headline, 'job/sum has failed: Job has reached the limit (BackoffLimitExceeded).');
    assert.deepEqual(why.facts.slice(0, 2), ['It got to 1 of 3 completions, 2 pods have failed.', 'Failed indexes: 1']);
    assert.match(why.facts.join('\n'), /The last that failed: pod\/sum-a[^]*exit code 3/);
  });

  it('is done, suspended, or under way', () => {
    const running = member('sum-a', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    const headlines = [
      explain(job({}, { ...decided('Complete'), succeeded: 3 })),
      explain(job({ suspend: true })),
      explain(job({}, { startTime: '2026-01-01T00:58:00Z' }), [running]),
      explain(job({ managedBy: 'example.com/queue' })),
    ].map(({ headline, isFine }) => `${isFine} ${headline}`);
    assert.deepEqual(headlines, [
      'true job/sum has completed: 3 of 3 completions.',
      'true job/sum is suspended: 0 of 3 completions.',
      'true job/sum is under way: 1 pod runs, 0 of 3 completions in 2m.',
      'true job/sum is managed by example.com/queue, not by this cluster.',
    ]);
  });

  it('waits after a failure, for a node, or for leave to make its pods', () => {
    const failed = member('sum-a', { phase: 'Failed' });
    assert.match(explain(job({}, { failed: 1 }), [failed]).headline, /waits before it tries again: .*1 pod has failed/);
    const large = pod('sum-b', {}, {}, '8');
    const unplaced = { pod: large, why: explainPod(seen(large)) };
    const why = explain(job(), [failed, unplaced]);
    assert.match(why.headline, /^job\/sum is not done: 0 of 3 completions. pod\/sum-b waits for a node/);
    assert.equal(why.nodes.length, 1);
    const refusal = event('FailedCreate', 'Error creating: pods "sum-c" is forbidden: exceeded quota: small, …');
    assert.equal(explain(job(), [failed], [refusal]).headline, "job/sum can't create its pods.");
  });
});

describe('why pods that are spread are on no node', () => {
  const spread = (change: object = {}): Pod['spec']['topologySpreadConstraints'] => [
    {
      topologyKey: 'zone',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
      ...change,
    },
  ];
  const web = (name: string, spec: Partial<Pod['spec']>, hash = 'a'): Pod => {
    const own = pod(name, spec, { phase: 'Running' }, '0');
    own.metadata.labels = { app: 'web', hash };
    return own;
  };
  const nodes = [
    node('n1', { labels: { zone: 'a', disk: 'ssd' } }),
    node('n2', { labels: { zone: 'b' } }),
    node('n3', { labels: {} }),
  ];
  const others = [web('w1', { nodeName: 'n1' }), web('w2', { nodeName: 'n1' }, 'b'), web('w3', { nodeName: 'n2' })];
  const refusals = (own: Pod): (string | undefined)[] => {
    const { nodes: told } = explainPod(seen(own, { nodes, others }));
    return ['n1', 'n2', 'n3'].map((name) => told.find((each) => each.name === name)?.reason);
  };
  const FREE = 'nothing that is seen from here speaks against it now';

  it('tells how the pods are spread now, and what the constraint allows', () => {
    const own = web('web', { topologySpreadConstraints: spread() });
    assert.deepEqual(refusals(own), [
      'is in zone=a, where 2 such pods are while the emptiest has 1: the spread constraint allows a difference of 1',
      FREE,
      'lacks the label zone, by which the pods are spread',
    ]);
    const cordoned = [nodes[0]!, node('n2', { labels: { zone: 'b' }, spec: { unschedulable: true } })];
    const { help } = explainPod(seen(own, { nodes: cordoned, others }));
    assert.match(help[0] ?? '', /^Make room where fewer such pods are \(another zone than a\)/);
    assert.equal(help[1], 'Let pods onto it again: dure uncordon n2');
  });

  it('counts as the scheduler does: own keys, eligible nodes, domains that are missing, pods that go', () => {
    const refused = (change: object, spec: Partial<Pod['spec']> = {}): (string | undefined)[] =>
      refusals(web('web', { ...spec, topologySpreadConstraints: spread(change) })).slice(0, 2);
    assert.deepEqual(refused({ matchLabelKeys: ['hash'] }), [FREE, FREE]);
    assert.deepEqual(refused({ whenUnsatisfiable: 'ScheduleAnyway' }), [FREE, FREE]);
    assert.match(refused({ minDomains: 3 })[1] ?? '', /1 such pods are while the emptiest has 0/);
    // Only the nodes that the pod may take are compared.
    assert.equal(refused({}, { nodeSelector: { disk: 'ssd' } })[0], FREE);
    assert.match(refused({ nodeAffinityPolicy: 'Ignore' }, { nodeSelector: { disk: 'ssd' } })[0] ?? '', /is in zone=a/);
    others[0]!.metadata.deletionTimestamp = '2026-01-01T00:59:00Z';
    assert.deepEqual(refused({}), [FREE, FREE]);
    delete others[0]!.metadata.deletionTimestamp;
  });
});

describe('why pods in the way of others are on no node', () => {
  const rule = (app: string, more: object = {}): object => ({
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'zone', labelSelector: { matchLabels: { app } }, ...more },
    ],
  });
  const named = (name: string, app: string, spec: object = {}): Pod => {
    const own = pod(name, spec as Partial<Pod['spec']>, { phase: 'Running' }, '0');
    own.metadata.labels = { app };
    return own;
  };
  const nodes = [node('n1', { labels: { zone: 'a' } }), node('n2', { labels: { zone: 'b' } }), node('n3')];
  const reasons = (own: Pod, others: Pod[]): (string | undefined)[] => {
    const namespaces = new Map([['default', { team: 'red' }]]);
    const { nodes: told } = explainPod(seen(own, { nodes, others, namespaces }));
    return nodes.map(({ metadata }) => told.find((each) => each.name === metadata.name)?.reason);
  };
  const FREE = 'nothing that is seen from here speaks against it now';
  const LONE = 'lacks the label zone, by which the pod must be with others';

  it('tells where the pods are that a pod must be with', () => {
    const own = named('web', 'web', { affinity: { podAffinity: rule('db') } });
    const away = 'is in zone=b, where no pod is that the pod must be with (app=db)';
    assert.deepEqual(reasons(own, [named('db', 'db', { nodeName: 'n1' })]), [FREE, away, LONE]);
    const first = named('web', 'web', { affinity: { podAffinity: rule('web') } });
    assert.deepEqual(reasons(first, []), [FREE, FREE, LONE]);
    const namespaceSelector = (team: string): object => ({ namespaceSelector: { matchLabels: { team } } });
    for (const [team, expected] of [
      ['red', FREE],
      ['blue', away.replace('zone=b', 'zone=a')],
    ] as const) {
      const selecting = named('web', 'web', { affinity: { podAffinity: rule('db', namespaceSelector(team)) } });
      assert.equal(reasons(selecting, [named('db', 'db', { nodeName: 'n1' })])[0], expected);
    }
  });

  it('names the pods that are in the way, whoever of the two objects', () => {
    const noisy = named('noisy', 'noisy', { nodeName: 'n1' });
    const quiet = named('quiet', 'quiet', { nodeName: 'n2', affinity: { podAntiAffinity: rule('web') } });
    const own = named('web', 'web', { affinity: { podAntiAffinity: rule('noisy') } });
    assert.deepEqual(reasons(own, [noisy, quiet]), [
      'is in zone=a with default/noisy, which the pod must not be with',
      'is in zone=b with default/quiet, which must not be with such a pod',
      FREE,
    ]);
    const { help } = explainPod(seen(own, { nodes: nodes.slice(0, 1), others: [noisy] }));
    assert.match(help[0] ?? '', /^Stop default\/noisy, add a node in another zone/);
  });

  it('tells which pods it has sent away, and that it sends none', () => {
    const low = { ...pod('low', { nodeName: 'n1', priority: 1 }), status: { phase: 'Running' } };
    const ending = { ...low, metadata: { ...low.metadata, deletionTimestamp: '2026-01-01T00:59:30Z' } };
    const facts = (own: Pod, others: Pod[]): string => explainPod(seen(own, { others })).facts.join('\n');
    const nominated = pod('high', { priority: 9 }, { phase: 'Pending', nominatedNodeName: 'n1' });
    assert.match(
      facts(nominated, [ending]),
      /It has its place on n1, once these pods there have ended: default\/low \(priority 1\)\./,
    );
    const shy = pod('high', { priority: 9, preemptionPolicy: 'Never' }, { phase: 'Pending' });
    assert.match(facts(shy, [low]), /its preemptionPolicy is Never\), although these are less important: default\/low/);
    assert.doesNotMatch(facts(pod('high', { priority: 9 }), [low]), /default\/low/);
  });
});

describe('why a pod waits for a volume', () => {
  it('tells which driver the node lacks, and what is to be created', () => {
    const help = (message: string): string | undefined =>
      explainPod(seen(running({ state: {} }), { events: [event('FailedMount', message)] })).help[0];
    assert.match(
      help('driver name disks.example.com not found in the list of registered CSI drivers') ?? '',
      /^Run the node plugin of disks\.example\.com on node n1;/,
    );
    assert.match(help('secret "default/key" not found') ?? '', /^Create the secret key in namespace default/);
    assert.equal(help('the disk is on fire'), 'See dure describe pod web');
  });
});

describe('why pods are refused', () => {
  const help = (message: string): string =>
    explainRefused({ name: 'deployment/web', namespace: 'shop', message, events: [] }).help.join('\n');

  it('says what helps against each', () => {
    const forbidden = 'pods "web-1" is forbidden: ';
    const quota = 'exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
    assert.match(help(forbidden + quota), /^See what is used up: dure describe resourcequota small -n shop\n/);
    assert.match(help(`${forbidden}failed quota: small: must specify cpu for: c`), /give the containers cpu for: c/);
    assert.match(
      help(`${forbidden}maximum cpu usage per Container is 1, but limit is 2`),
      /dure describe limitrange -n shop/,
    );
    assert.match(help(`${forbidden}no PriorityClass with name top was found`), /^Create the priority class top,/);
    assert.equal(
      help(`${forbidden}error looking up service account shop/robot: serviceaccount "robot" not found`),
      'Create it: dure create serviceaccount robot -n shop',
    );
    assert.match(help(`${forbidden}violates PodSecurity "baseline:latest": hostPort`), /dure label namespace shop/);
    assert.equal(
      help('Pod "web-1" is invalid: spec.volumes[0].nfs: Forbidden: is not supported by this version of Dure'),
      'Do without spec.volumes[0].nfs: dure edit deployment/web -n shop',
    );
    assert.match(help('admission webhook "a.b.c" denied the request: no'), /^The webhook a\.b\.c refuses it/);
    assert.equal(help('something else'), 'Change what was refused: dure edit deployment/web -n shop');
  });

  it('finds it in the condition, and in the events of those that have none while pods are missing', () => {
    const refusal = event('FailedCreate', 'Error creating: pods "db-0" is forbidden: exceeded quota: small, …');
    const owner = { name: 'statefulset/db', namespace: 'shop', wanted: 1, failure: '', pods: [], events: [refusal] };
    const why = explainOwner(owner);
    assert.equal(why.headline, "statefulset/db can't create its pods.");
    assert.deepEqual(why.facts, [`Last failure: ${refusal.message}`]);
    assert.match(why.help[0] ?? '', /resourcequota small/);
    assert.match(explainOwner({ ...owner, events: [] }).headline, /has 0 of the 1 pods/);
    const fine = explainPod(seen(pod('db-0', { nodeName: 'n1' }, { phase: 'Succeeded' })));
    assert.deepEqual(
      [explainOwner({ ...owner, pods: [fine] }).isFine, explainOwner({ ...owner, wanted: 0 }).isFine],
      [true, true],
    );
    assert.match(explainOwner({ ...owner, failure: 'no room', pods: [fine] }).facts[0] ?? '', /^no room$/);
  });
});
