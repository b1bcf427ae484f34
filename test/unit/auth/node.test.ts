import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { forbiddenLabels } from '../../../control-plane/admission/node-labels.ts';
import { attributesOf, furtherAttributes } from '../../../control-plane/auth/attributes.ts';
import { NodeAuthorizer } from '../../../control-plane/auth/node/node.ts';
import { parseRequest } from '../../../control-plane/http/request-info.ts';
import { MapView, type View } from '../../../lib/view.ts';
import { Rules } from './rules.ts';

const N1 = { name: 'system:node:n1', groups: ['system:nodes'] };
const IN = '/api/v1/namespaces/a';
const STORAGE = '/apis/storage.k8s.io/v1';
const DRA = '/apis/resource.k8s.io/v1';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces';

const OF_POD = {
  serviceAccountName: 'robot',
  imagePullSecrets: [{ name: 'pull' }],
  initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'from' } }] }],
  containers: [{ name: 'c', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }] }],
  volumes: [
    {
      name: 'projected',
      projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'mapped' } }] },
    },
    { name: 'claim', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } },
    { name: 'csi', csi: { driver: 'd', nodePublishSecretRef: { name: 'publish' } } },
  ],
  resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }],
};

class Sources extends Rules {
  readonly others = new Map<string, MapView<KubeObject>>();

  override find(_group?: string, _version?: string, plural = ''): undefined {
    const view = this.others.get(plural);
    // The base class knows of no others.
    return (view && { view: view as View<KubeObject> }) as unknown as undefined;
  }

  put(plural: string, object: object & { metadata: { name: string } }): void {
    const view = this.others.get(plural) ?? new MapView<KubeObject>();
    this.others.set(plural, view);
    view.set(object.metadata.name, object as KubeObject);
  }
}

describe('the node authorizer', () => {
  const sources = new Sources();
  const authorizer = new NodeAuthorizer(sources);
  const pod = (name: string, spec: object, annotations = {}): void =>
    void sources.add(kinds.pods, {
      metadata: { name, namespace: 'a', annotations },
      spec,
      status: {},
    } as unknown as Pod);

  before(() => {
    pod('p', { ...OF_POD, nodeName: 'n1' });
    pod('other', { ...OF_POD, nodeName: 'n2', imagePullSecrets: [{ name: 'theirs' }] });
    pod('loose', { containers: [], imagePullSecrets: [{ name: 'unbound' }] });
    const mirror = { 'kubernetes.io/config.mirror': 'x' };
    pod('mirror', { containers: [], nodeName: 'n1', imagePullSecrets: [{ name: 'wished' }] }, mirror);
    const claimed = (name: string, claim: string) => ({
      metadata: { name },
      spec: { claimRef: { namespace: 'a', name: claim } },
    });
    sources.put('persistentvolumes', claimed('pv', 'data'));
    sources.put('persistentvolumes', claimed('pv2', 'elsewhere'));
    for (const node of ['n1', 'n2']) {
      sources.put('volumeattachments', { metadata: { name: `va-${node}` }, spec: { nodeName: node } } as never);
      sources.put('resourceslices', { metadata: { name: `rs-${node}` }, spec: { nodeName: node } } as never);
    }
  });

  const cases: [string, string, boolean][] = [
    ...['pull', 'env', 'projected', 'publish'].map((name): [string, string, boolean] => [
      'GET',
      `${IN}/secrets/${name}`,
      true,
    ]),
    ...['theirs', 'unbound', 'wished'].map((name): [string, string, boolean] => [
      'GET',
      `${IN}/secrets/${name}`,
      false,
    ]),
    ...['from', 'mapped'].map((name): [string, string, boolean] => ['GET', `${IN}/configmaps/${name}`, true]),
    ['GET', `${IN}/secrets?watch=1&fieldSelector=metadata.name%3Dpull`, true],
    ['GET', `${IN}/secrets?fieldSelector=metadata.name%3Dtheirs`, false],
    ['GET', '/api/v1/secrets', false],
    ['GET', '/api/v1/namespaces/b/secrets/pull', false],
    ['PUT', `${IN}/secrets/pull`, false],
    ['GET', `${IN}/persistentvolumeclaims/data`, true],
    ['GET', `${IN}/persistentvolumeclaims/p-scratch`, true],
    ['PATCH', `${IN}/persistentvolumeclaims/data/status`, true],
    ['PATCH', `${IN}/persistentvolumeclaims/data`, false],
    ['GET', `${IN}/persistentvolumeclaims/nothing`, false],
    ['GET', '/api/v1/persistentvolumes/pv', true],
    ['GET', '/api/v1/persistentvolumes/pv2', false],
    ['GET', '/api/v1/persistentvolumes/nothing', false],
    ['GET', `${DRA}/namespaces/a/resourceclaims/gpu`, true],
    ['GET', `${DRA}/namespaces/a/resourceclaims/other`, false],
    ['GET', `${DRA}/resourceslices/rs-n1`, true],
    ['DELETE', `${DRA}/resourceslices/rs-n2`, false],
    ['DELETE', `${DRA}/resourceslices?fieldSelector=spec.nodeName%3Dn1`, true],
    ['DELETE', `${DRA}/resourceslices?fieldSelector=spec.nodeName%3Dn2`, false],
    ['GET', `${STORAGE}/volumeattachments/va-n1`, true],
    ['GET', `${STORAGE}/volumeattachments/va-n2`, false],
    ['POST', `${IN}/serviceaccounts/robot/token`, true],
    ['POST', `${IN}/serviceaccounts/default/token`, false],
    ['GET', `${IN}/serviceaccounts/robot`, true],
    ['GET', `${IN}/serviceaccounts/default`, false],
    ['PUT', `${IN}/serviceaccounts/robot`, false],
    ['GET', '/api/v1/nodes/n1', true],
    ['GET', '/api/v1/nodes/n2', false],
    ['GET', '/api/v1/nodes', false],
    ['GET', '/api/v1/nodes?fieldSelector=metadata.name%3Dn1&watch=1', true],
    ['POST', '/api/v1/nodes', true],
    ['DELETE', '/api/v1/nodes/n1', false],
    ['PATCH', '/api/v1/nodes/n1/status', true],
    ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1', true],
    ['GET', '/api/v1/pods?fieldSelector=spec.nodeName!%3Dn2', false],
    ['GET', `${IN}/pods/p`, true],
    ['GET', `${IN}/pods/other`, false],
    ['POST', `${IN}/pods/p/eviction`, true],
    ['GET', `${IN}/pods/p/exec`, false],
    ['PUT', `${LEASES}/kube-node-lease/leases/n1`, true],
    ['PUT', `${LEASES}/kube-node-lease/leases/n2`, false],
    ['PUT', `${LEASES}/kube-system/leases/n1`, false],
    ['GET', `${LEASES}/kube-node-lease/leases`, false],
    ['PATCH', `${STORAGE}/csinodes/n1`, true],
    ['PATCH', `${STORAGE}/csinodes/n2`, false],
    ['GET', '/api/v1/services?watch=1', true],
    ['GET', '/apis/apps/v1/deployments', false],
    ['GET', '/metrics', false],
  ];
  for (const [method, path, allowed] of cases) {
    it(`${allowed ? 'allows' : 'does not allow'} ${method} ${path}`, () => {
      const { verdict } = authorizer.authorize(N1, attributesOf(parseRequest(method, path)));
      // Never denied: a role may still allow it.
      assert.equal(verdict, allowed ? 'allow' : 'none');
    });
  }

  it('has nothing to say of others', () => {
    const attributes = attributesOf(parseRequest('GET', '/api/v1/nodes/n1'));
    for (const user of [
      { name: 'system:node:n1', groups: [] },
      { name: 'n1', groups: ['system:nodes'] },
    ]) {
      assert.deepEqual(authorizer.authorize(user, attributes), { verdict: 'none', reason: '' });
    }
  });

  it('forgets what a pod named when it goes', () => {
    const may = (): string =>
      authorizer.authorize(N1, attributesOf(parseRequest('GET', `${IN}/secrets/brief`))).verdict;
    pod('brief', { containers: [], nodeName: 'n1', imagePullSecrets: [{ name: 'brief' }] });
    assert.equal(may(), 'allow');
    sources.of(kinds.pods).view.delete('a/brief');
    assert.equal(may(), 'none');
  });
});

describe('attributes', () => {
  it('leave out what follows a subresource, and name what is selected by name', () => {
    const resourceOf = (method: string, path: string) => attributesOf(parseRequest(method, path)).resource;
    assert.equal(resourceOf('GET', `${IN}/pods/p/proxy/x/y`)?.subresource, 'proxy');
    assert.equal(resourceOf('GET', `${IN}/pods?fieldSelector=metadata.name%3Dp`)?.name, 'p');
    assert.equal(resourceOf('DELETE', `${IN}/pods?fieldSelector=metadata.name%3Dp`)?.name, '');
    assert.equal(resourceOf('GET', `${IN}/pods?fieldSelector=metadata.name%3D..`)?.name, '');
    assert.equal(resourceOf('GET', `${IN}/pods?fieldSelector=,,=%3D`)?.name, '');
    assert.equal(attributesOf(parseRequest('HEAD', '/metrics')).verb, 'head');
    assert.equal(attributesOf(parseRequest('BREW', `${IN}/pods/p`)).verb, '');
  });

  it('ask for create besides, where a GET runs something', () => {
    const further = (method: string, path: string) => furtherAttributes(attributesOf(parseRequest(method, path)))?.verb;
    for (const stream of ['exec', 'attach', 'portforward'])
      assert.equal(further('GET', `${IN}/pods/p/${stream}`), 'create');
    assert.equal(further('POST', `${IN}/pods/p/exec`), undefined);
    assert.equal(further('GET', `${IN}/pods/p/log`), undefined);
  });
});

describe('labels of a node', () => {
  it('that its agent may not choose', () => {
    const next = {
      own: 'x',
      'kubernetes.io/hostname': 'n1',
      'node.kubernetes.io/anything': 'x',
      'sub.kubelet.kubernetes.io/anything': 'x',
      'node-restriction.kubernetes.io/a': 'x',
      'deep.node-restriction.kubernetes.io/a': 'x',
      'node-role.kubernetes.io/control-plane': '',
      'x.k8s.io/a': 'x',
      'notk8s.io/a': 'x',
    };
    const wrong = [
      'deep.node-restriction.kubernetes.io/a',
      'node-restriction.kubernetes.io/a',
      'node-role.kubernetes.io/control-plane',
      'x.k8s.io/a',
    ];
    assert.deepEqual(forbiddenLabels(next, {}), wrong);
    assert.deepEqual(forbiddenLabels({}, next), wrong);
    assert.deepEqual(forbiddenLabels(next, next), []);
  });
});
