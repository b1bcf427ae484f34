import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { humanDuration } from '../../../api/printing/duration.ts';
import { selectorText } from '../../../api/printing/selector-text.ts';
import { columnDefinitions, toTable } from '../../../api/printing/table.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const metadata = { name: 'x', namespace: 'default', creationTimestamp: '2026-01-01T11:00:00Z' };
const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

function cells(kind: Kind, object: object): Record<string, unknown> {
  const table = toTable(kind, [{ metadata, ...object } as KubeObject], NOW);
  return Object.fromEntries(table.columnDefinitions.map(({ name }, index) => [name, table.rows[0]!.cells[index]]));
}

const running = (name: string, more: object = {}): object => ({
  name,
  ready: true,
  restartCount: 0,
  state: { running: { startedAt: '2026-01-01T11:00:00Z' } },
  ...more,
});

const pod = (status: object, more: { spec?: object; metadata?: object } = {}): object => ({
  metadata: { ...metadata, ...more.metadata },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], nodeName: 'n1', ...more.spec },
  status: { phase: 'Running', ...status },
});

describe('printing: durations', () => {
  const cases: [number, string][] = [
    [-5 * second, '<invalid>'],
    [-1 * second, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [125 * second, '2m5s'],
    [10 * 60 * second, '10m'],
    [3 * hour, '3h'],
    [3 * hour + 60 * second, '3h1m'],
    [8 * hour, '8h'],
    [47 * hour, '47h'],
    [2 * day, '2d'],
    [2 * day + 3 * hour, '2d3h'],
    [8 * day + 3 * hour, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [740 * day, '2y10d'],
    [9 * 365 * day, '9y'],
  ];
  for (const [milliseconds, text] of cases) {
    it(`${milliseconds / 1000} s is ${text}`, () => assert.equal(humanDuration(milliseconds), text));
  }
});

describe('printing: pods', () => {
  const status = (object: object): unknown => cells(kinds.pods, object)['Status'];

  it('shows a running pod with its wide columns', () => {
    const conditions = [{ type: 'Ready', status: 'True' }];
    const object = pod({ podIP: '10.1.0.5', conditions, containerStatuses: [running('a'), running('b')] });
    assert.deepEqual(cells(kinds.pods, object), {
      Name: 'x',
      Ready: '2/2',
      Status: 'Running',
      Restarts: '0',
      Age: '60m',
      IP: '10.1.0.5',
      Node: 'n1',
      'Nominated Node': '<none>',
      'Readiness Gates': '<none>',
    });
  });

  it('tells when the last restart was', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T11:55:00Z' } };
    const containerStatuses = [running('a', { restartCount: 2, lastState }), running('b', { restartCount: 1 })];
    assert.equal(cells(kinds.pods, pod({ containerStatuses }))['Restarts'], '3 (5m ago)');
  });

  it('names why containers wait or ended', () => {
    const waiting = { ...running('a'), ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    assert.equal(status(pod({ containerStatuses: [waiting, running('b')] })), 'CrashLoopBackOff');
    const ended = (state: object): object => ({ ...running('a'), ready: false, state: { terminated: state } });
    assert.equal(status(pod({ containerStatuses: [ended({ exitCode: 137, reason: 'OOMKilled' })] })), 'OOMKilled');
    assert.equal(status(pod({ containerStatuses: [ended({ exitCode: 3 })] })), 'ExitCode:3');
    assert.equal(status(pod({ containerStatuses: [ended({ exitCode: 0, signal: 9 })] })), 'Signal:9');
    const completed = ended({ exitCode: 0, reason: 'Completed' });
    assert.equal(status(pod({ phase: 'Succeeded', containerStatuses: [completed] })), 'Completed');
    assert.equal(status(pod({ containerStatuses: [completed, running('b')] })), 'NotReady');
    const conditions = [{ type: 'Ready', status: 'True' }];
    assert.equal(status(pod({ conditions, containerStatuses: [completed, running('b')] })), 'Running');
  });

  it('follows the init containers', () => {
    const spec = { initContainers: [{ name: 'i' }, { name: 'j' }] };
    const done = { name: 'i', restartCount: 0, state: { terminated: { exitCode: 0 } } };
    const at = (state: object): object =>
      pod({ phase: 'Pending', initContainerStatuses: [done, { name: 'j', restartCount: 1, state }] }, { spec });
    assert.equal(status(at({ running: {} })), 'Init:1/2');
    assert.equal(status(at({ waiting: { reason: 'PodInitializing' } })), 'Init:1/2');
    assert.equal(status(at({ waiting: { reason: 'ImagePullBackOff' } })), 'Init:ImagePullBackOff');
    assert.equal(status(at({ terminated: { exitCode: 1, reason: 'Error' } })), 'Init:Error');
    assert.equal(cells(kinds.pods, at({ running: {} }))['Restarts'], '1');
  });

  it('shows what is going away, is lost, or is held back', () => {
    const gone = { metadata: { deletionTimestamp: '2026-01-01T12:00:30Z' } };
    assert.equal(status(pod({ containerStatuses: [running('a')] }, gone)), 'Terminating');
    assert.equal(status(pod({ reason: 'NodeLost' }, gone)), 'Unknown');
    assert.equal(status(pod({ phase: 'Succeeded' }, gone)), 'Succeeded');
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }];
    assert.equal(status(pod({ phase: 'Pending', conditions })), 'SchedulingGated');
    assert.equal(status(pod({ phase: 'Failed', reason: 'Evicted' })), 'Evicted');
  });
});

describe('printing: the other kinds', () => {
  it('services', () => {
    const spec = { type: 'NodePort', clusterIPs: ['10.96.0.9'], selector: { b: '2', a: '1' } };
    const ports = [
      { port: 80, nodePort: 30080, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ];
    assert.deepEqual(cells(kinds.services, { spec: { ...spec, ports }, status: {} }), {
      Name: 'x',
      Type: 'NodePort',
      'Cluster-IP': '10.96.0.9',
      'External-IP': '<none>',
      'Port(s)': '80:30080/TCP,53/UDP',
      Age: '60m',
      Selector: 'a=1,b=2',
    });
    const balanced = { spec: { type: 'LoadBalancer', ports: [] }, status: { loadBalancer: {} } };
    assert.equal(cells(kinds.services, balanced)['External-IP'], '<pending>');
    assert.equal(cells(kinds.services, balanced)['Port(s)'], '<none>');
    const external = { spec: { type: 'ExternalName', externalName: 'a.example' }, status: {} };
    assert.equal(cells(kinds.services, external)['External-IP'], 'a.example');
    assert.equal(cells(kinds.services, external)['Cluster-IP'], '<none>');
  });

  it('workloads', () => {
    const template = {
      spec: {
        containers: [
          { name: 'a', image: 'i:1' },
          { name: 'b', image: 'j:1' },
        ],
      },
    };
    const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template };
    const status = { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 };
    assert.deepEqual(Object.values(cells(kinds.deployments, { spec, status })), [
      'x',
      '2/3',
      3,
      1,
      '60m',
      'a,b',
      'i:1,j:1',
      'app=web',
    ]);
    assert.deepEqual(Object.values(cells(kinds.replicasets, { spec, status })).slice(0, 5), ['x', 3, 3, 2, '60m']);
  });

  it('stateful sets, daemon sets, and the states they were in', () => {
    const template = { spec: { containers: [{ name: 'a', image: 'i' }], nodeSelector: { disk: 'ssd' } } };
    const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template };
    const set = cells(kinds.statefulsets, { spec, status: { readyReplicas: 2 } });
    assert.deepEqual(set, { Name: 'x', Ready: '2/3', Age: '60m', Containers: 'a', Images: 'i' });
    const status = {
      desiredNumberScheduled: 5,
      currentNumberScheduled: 4,
      numberReady: 3,
      updatedNumberScheduled: 2,
      numberAvailable: 1,
    };
    const daemons = Object.values(cells(kinds.daemonsets, { spec, status }));
    assert.deepEqual(daemons, ['x', 5, 4, 3, 2, 1, 'disk=ssd', '60m', 'a', 'i', 'app=web']);
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'u', controller: true }];
    const revision = { metadata: { ...metadata, ownerReferences }, revision: 4 };
    assert.deepEqual(Object.values(cells(kinds.controllerrevisions, revision)), [
      'x',
      'statefulset.apps/web',
      4,
      '60m',
    ]);
  });

  it('jobs, and what makes them by the clock', () => {
    const template = { spec: { containers: [{ name: 'a', image: 'i' }] } };
    const spec = { completions: 3, parallelism: 2, template };
    const job = (status: object, more: object = {}): unknown[] =>
      Object.values(cells(kinds.jobs, { spec: { ...spec, ...more }, status })).slice(1, 4);
    const startTime = '2026-01-01T11:58:00Z';
    assert.deepEqual(job({ startTime, succeeded: 1 }), ['Running', '1/3', '2m']);
    const completionTime = '2026-01-01T11:58:09Z';
    const conditions = [{ type: 'Complete', status: 'True' }];
    assert.deepEqual(job({ startTime, completionTime, conditions, succeeded: 3 }), ['Complete', '3/3', '9s']);
    assert.deepEqual(job({}, { completions: undefined }), ['Running', '0/1 of 2', '']);
    assert.deepEqual(job({ conditions: [{ type: 'Suspended', status: 'True' }] })[0], 'Suspended');
    const cron = { schedule: '@daily', suspend: false, jobTemplate: { spec } };
    const active = { active: [{}], lastScheduleTime: '2026-01-01T11:59:30Z' };
    assert.deepEqual(Object.values(cells(kinds.cronjobs, { spec: cron, status: active })), [
      'x',
      '@daily',
      '<none>',
      'False',
      1,
      '30s',
      '60m',
      'a',
      'i',
      '<none>',
    ]);
  });

  it('volumes and claims', () => {
    const volume = {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'default', name: 'c' },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
      },
      status: { phase: 'Bound' },
    };
    assert.deepEqual(Object.values(cells(kinds.persistentvolumes, volume)), [
      'x',
      '1Gi',
      'RWO,RWX',
      'Retain',
      'Bound',
      'default/c',
      'fast',
      '<unset>',
      '',
      '60m',
      'Filesystem',
    ]);
    const claim = { spec: { volumeName: 'v' }, status: { phase: 'Bound', capacity: { storage: '1Gi' } } };
    const bound = ['x', 'Bound', 'v', '1Gi', '', '', '<unset>', '60m', '<unset>'];
    assert.deepEqual(Object.values(cells(kinds.persistentvolumeclaims, claim)), bound);
    const pending = cells(kinds.persistentvolumeclaims, { spec: {}, status: { phase: 'Pending' } });
    assert.equal(pending['Capacity'], '');
  });

  it('replication controllers, templates, endpoints, quotas, budgets', () => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const controller = { spec: { replicas: 2, selector: { app: 'a' }, template }, status: { replicas: 1 } };
    const row = ['x', 2, 1, 0, '60m', 'c', 'i', 'app=a'];
    assert.deepEqual(Object.values(cells(kinds.replicationcontrollers, controller)), row);
    assert.deepEqual(cells(kinds.podtemplates, { template }), {
      Name: 'x',
      Containers: 'c',
      Images: 'i',
      'Pod Labels': 'app=a',
    });
    assert.ok(columnDefinitions(kinds.podtemplates).every(({ priority }) => priority === 0));
    const addresses = ['1', '2', '3'].map((last) => ({ ip: `10.0.0.${last}` }));
    const subsets = [{ addresses, ports: [{ port: 80 }, { port: 443 }] }];
    const shown = '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 3 more...';
    assert.equal(cells(kinds.endpoints, { subsets })['Endpoints'], shown);
    assert.equal(cells(kinds.endpoints, {})['Endpoints'], '<none>');
    const hard = { 'requests.cpu': '2', pods: '10', 'limits.cpu': '4' };
    const quota = cells(kinds.resourcequotas, { status: { hard, used: { pods: '3' } } });
    assert.deepEqual(quota, {
      Name: 'x',
      Request: 'pods: 3/10, requests.cpu: 0/2',
      Limit: 'limits.cpu: 0/4',
      Age: '60m',
    });
    const budget = { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } };
    assert.deepEqual(Object.values(cells(kinds.poddisruptionbudgets, budget)), ['x', '50%', 'N/A', 1, '60m']);
    assert.deepEqual(Object.keys(cells(kinds.limitranges, {})), ['Name', 'Created At']);
  });

  it('autoscalers, the same in both versions', () => {
    const target = { type: 'Utilization', averageUtilization: 80 };
    const external = { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '5' } };
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target } },
      { type: 'External', external },
      { type: 'External', external },
    ];
    const scaleTargetRef = { kind: 'Deployment', name: 'web' };
    const spec = { scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics };
    const currentMetrics = [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40 } } }];
    const row = (targets: string): unknown[] => ['x', 'Deployment/web', targets, '1', 5, 2, '60m'];
    const newer = { spec, status: { currentReplicas: 2, currentMetrics } };
    const shown = 'cpu: 40%/80%, <unknown>/5 (avg) + 1 more...';
    assert.deepEqual(Object.values(cells(kinds.horizontalpodautoscalers, newer)), row(shown));
    const older = {
      spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 80 },
      status: { currentReplicas: 2, desiredReplicas: 2 },
    };
    const v1 = cells(kinds['horizontalpodautoscalers.v1'], older);
    assert.deepEqual(Object.values(v1), row('cpu: <unknown>/80%'));
  });

  it('nodes', () => {
    const node = {
      metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        nodeInfo: { kubeletVersion: 'v1.35.0', osImage: 'Debian', kernelVersion: '6.1', containerRuntimeVersion: 'c' },
      },
    };
    assert.deepEqual(Object.values(cells(kinds.nodes, node)), [
      'x',
      'Ready,SchedulingDisabled',
      'edge,worker',
      '60m',
      'v1.35.0',
      '10.0.0.1',
      '<none>',
      'Debian',
      '6.1',
      'c',
    ]);
    const lost = { spec: {}, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
    assert.equal(cells(kinds.nodes, lost)['Status'], 'NotReady');
    assert.equal(cells(kinds.nodes, { spec: {}, status: {} })['Status'], 'Unknown');
    assert.equal(cells(kinds.nodes, lost)['Roles'], '<none>');
  });

  it('events, in the order kubectl has them', () => {
    const event = {
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{a}' },
      type: 'Warning',
      reason: 'BackOff',
      message: 'again ',
      source: { component: 'dure', host: 'n1' },
      firstTimestamp: '2026-01-01T11:00:00Z',
      lastTimestamp: '2026-01-01T11:59:00Z',
      count: 7,
    };
    assert.deepEqual(Object.values(cells(kinds.events, event)), [
      '60s',
      'Warning',
      'BackOff',
      'pod/p',
      'spec.containers{a}',
      'dure, n1',
      'again',
      '60m',
      7,
      'x',
    ]);
  });

  it('endpoint slices, configuration, leases, namespaces', () => {
    const endpoints = ['1', '2', '3', '4', '5'].map((last) => ({ addresses: [`10.0.0.${last}`] }));
    const slice = cells(kinds.endpointslices, { addressType: 'IPv4', endpoints, ports: [{ port: 80 }, { name: 'x' }] });
    assert.equal(slice['Endpoints'], '10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...');
    assert.equal(slice['Ports'], '80,x');
    assert.equal(cells(kinds.endpointslices, { addressType: 'IPv4' })['Endpoints'], '<unset>');
    assert.equal(cells(kinds.configmaps, { data: { a: '' }, binaryData: { b: '' } })['Data'], 2);
    assert.equal(cells(kinds.secrets, { type: 'Opaque' })['Data'], 0);

    assert.equal(cells(kinds.leases, { spec: { holderIdentity: 'h' } })['Holder'], 'h');
    assert.equal(cells(kinds.namespaces, { status: { phase: 'Active' } })['Status'], 'Active');
  });

  it('kinds without columns of their own show name and age of birth', () => {
    const other: Kind = { ...kinds.configmaps, group: 'example.org', kind: 'Thing', plural: 'things' };
    assert.deepEqual(Object.values(cells(other, {})), ['x', '2026-01-01T11:00:00Z']);
    assert.deepEqual(
      columnDefinitions(other).map(({ name, format }) => [name, format]),
      [
        ['Name', 'name'],
        ['Created At', ''],
      ],
    );
  });

  it('selectors as text', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'In', values: ['b', 'a'] },
      { key: 'gone', operator: 'DoesNotExist' },
      { key: 'z', operator: 'Exists' },
      { key: 'y', operator: 'NotIn', values: ['1'] },
    ];
    assert.equal(
      selectorText({ matchLabels: { app: 'web' }, matchExpressions }),
      'app=web,!gone,tier in (a,b),y notin (1),z',
    );
  });
});
