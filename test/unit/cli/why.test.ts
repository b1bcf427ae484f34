import assert from 'node:assert/strict';
import type { Deployment } from '../../../api/schema/types/apps.v1.ts';
import type { ContainerStatus, Event, Node, Pod } from '../../../api/schema/types/core.v1.ts';
import { explainDeployment } from '../../../cli/why/deployment.ts';
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
  return { pod: own, events: [], nodes: [node('n1')], others: [], now, ...more };
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

  it('tells of images', () => {
    const own = running({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } });
    const events = [
      event('Failed', 'Failed to pull image "app:1": not found'),
      event('BackOff', 'Back-off pulling image'),
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
