/** `top`, by kubectl and by us, on a metrics API with known figures. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dure } from '../../support/dure.ts';
import { kubectl } from '../../support/kubectl.ts';

const METRICS = '/apis/metrics.k8s.io/v1beta1';
const FRESH = new Date().toISOString();

function podMetrics(namespace: string, name: string, ...containers: [string, string, string, string][]): object {
  return {
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { namespace, name },
    timestamp: FRESH,
    window: '10s',
    containers: containers.map(([container, cpu, memory, swap]) => ({ name: container, usage: { cpu, memory, swap } })),
  };
}

const WEB = podMetrics('default', 'web', ['small', '1m', '1Mi', '0'], ['big', '250500u', '3000Ki', '7Mi']);
const DB = podMetrics('default', 'db', ['db', '1200m', '64Mi', '1Gi']);
const DNS = podMetrics('kube-system', 'dns', ['dns', '2', '17Mi', '0']);
const N1 = {
  kind: 'NodeMetrics',
  apiVersion: 'metrics.k8s.io/v1beta1',
  metadata: { name: 'n1' },
  timestamp: FRESH,
  window: '10s',
  usage: { cpu: '501m', memory: '1500Mi', swap: '100Mi' },
};
const N2 = { ...N1, metadata: { name: 'n2' }, usage: { cpu: '1501m', memory: '500Mi' } };

function node(name: string, swap: number | undefined): object {
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name },
    status: {
      capacity: { cpu: '4', memory: '4Gi' },
      allocatable: { cpu: '3', memory: '3Gi' },
      nodeInfo: swap === undefined ? {} : { swap: { capacity: swap } },
    },
  };
}

function pod(namespace: string, name: string, creationTimestamp = FRESH): object {
  return { kind: 'Pod', apiVersion: 'v1', metadata: { namespace, name, creationTimestamp }, spec: {}, status: {} };
}

const NODES = [node('n1', 1024 ** 3), node('n2', undefined), node('n3', undefined)];
const list = (kind: string, apiVersion: string, items: object[]): object => ({ kind, apiVersion, metadata: {}, items });
const metrics = (items: object[]): object => list('PodMetricsList', 'metrics.k8s.io/v1beta1', items);
const ANSWERS: Readonly<Record<string, object>> = {
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'metrics.k8s.io',
        versions: [{ groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' }],
        preferredVersion: { groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' },
      },
    ],
  },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  [`${METRICS}/nodes`]: list('NodeMetricsList', 'metrics.k8s.io/v1beta1', [N2, N1]),
  [`${METRICS}/nodes/n1`]: N1,
  '/api/v1/nodes': list('NodeList', 'v1', NODES),
  '/api/v1/nodes/n1': NODES[0] ?? {},
  [`${METRICS}/pods`]: metrics([WEB, DB, DNS]),
  [`${METRICS}/namespaces/default/pods`]: metrics([WEB, DB]),
  [`${METRICS}/namespaces/default/pods/web`]: WEB,
  [`${METRICS}/namespaces/none/pods`]: metrics([]),
  [`${METRICS}/namespaces/young/pods`]: metrics([]),
  [`${METRICS}/namespaces/old/pods`]: metrics([]),
  '/api/v1/namespaces/none/pods': list('PodList', 'v1', []),
  '/api/v1/namespaces/old/pods': list('PodList', 'v1', [pod('old', 'p', '2026-01-01T00:00:00Z')]),
  '/api/v1/namespaces/default/pods': list('PodList', 'v1', [pod('default', 'web')]),
};

/** A pod made so shortly ago, when it is asked for, that it need not have been measured. */
const YOUNG = '/api/v1/namespaces/young/pods';
const youngPods = (): object => list('PodList', 'v1', [pod('young', 'p', new Date().toISOString())]);

const CALLS = [
  'node',
  'nodes --no-headers --show-capacity',
  'node --show-swap --sort-by=cpu',
  'node n1 --show-swap',
  'node n1 n2',
  'node n1 -l a=b',
  'node --sort-by=name',
  'pod',
  'pods -A --sort-by=memory',
  'pods --sum',
  'pods -A --sum --containers',
  'pods -A --sum --no-headers --show-swap',
  'pod --containers --sort-by=cpu --show-swap --sum',
  'pod web --containers',
  'pod nothere',
  'pod web db',
  'pod web --field-selector=a=b',
  'pod --field-selector=status.phase=Running',
  'pod --use-protocol-buffers=false',
  'pod -n none',
  'pod -n young',
  'pod -n old',
];

describe('top, like kubectl', function () {
  this.timeout(30_000);
  // In the clear kubectl speaks HTTP/1.1 and we speak HTTP/2: the same answers twice.
  const servers = [createServer(), createHttp2Server()] as const;
  const addresses: string[] = [];

  before(async () => {
    for (const server of servers) {
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://metrics');
        // kubectl leaves it to the metrics API to know a pod's fields, we ask for the pods.
        const isFiltered = pathname.startsWith(METRICS) && searchParams.get('fieldSelector');
        const known = pathname === YOUNG ? youngPods() : ANSWERS[pathname];
        const found = isFiltered ? metrics([WEB]) : known;
        const details = { name: pathname.split('/').at(-1), group: 'metrics.k8s.io', kind: 'pods' };
        const missing = { kind: 'Status', apiVersion: 'v1', reason: 'NotFound', code: 404, message: 'none', details };
        response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
        response.end(JSON.stringify(found ?? { ...missing, status: 'Failure' }));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      addresses.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
  });

  after(() => {
    servers[0].closeAllConnections();
    for (const server of servers) server.close();
  });

  for (const call of CALLS) {
    it(call, async () => {
      const args = ['top', ...call.split(' ')];
      const theirs = await kubectl(join(tmpdir(), 'none'), [...args, `--server=${addresses[0]}`]);
      const ours = await dure(undefined, [...args, `--server=${addresses[1]}`]);
      assert.deepEqual(comparable(ours), comparable(theirs));
    });
  }
});

/** The two are not asked at the same moment. */
function comparable<T extends { stderr: string }>(result: T): T {
  const stderr = result.stderr.replaceAll('dure', 'kubectl').replace(/age: \d+h\d+m[\d.]+s/, 'age: AGE');
  return { ...result, stderr };
}
