/** Who may do what, over HTTP: users are told apart by their tokens. */
import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { RBAC_GROUP } from '../../../api/kinds/rbac.ts';
import type { SubjectAccessReviewStatus, SubjectRulesReviewStatus } from '../../../api/types/authorization.v1.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import type { User } from '../../../control-plane/user.ts';
import { systemClock } from '../../../lib/clock.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { TestServer } from '../../support/api-server.ts';
import { kubectl } from '../../support/kubectl.ts';
import { RawClient, type RawAnswer } from '../../support/raw-requests.ts';

const TOKENS = new Map<string, User>([
  ['root', { name: 'root', groups: ['system:masters'] }],
  ['ann', { name: 'ann', groups: ['devs'] }],
  ['eve', { name: 'eve', groups: [] }],
  ['n1', { name: 'system:node:n1', groups: ['system:nodes'] }],
]);
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const PODS = '/api/v1/namespaces/default/pods';
const TO_PODS = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };

describe('authorization', () => {
  let server: TestServer;
  const clients = new Map<string, RestClient>();

  before(async () => {
    server = await TestServer.start({ tokens: TOKENS });
    const access = { server: server.url, authority: server.pki.authorityCertificate };
    for (const token of TOKENS.keys()) {
      clients.set(token, new RestClient({ access: { ...access, token }, clock: systemClock, userAgent: 'test' }));
    }
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    await server.stop();
  });

  function as(token: string): RestClient {
    const client = clients.get(token);
    if (!client) throw new Error(`no token ${token}`);
    return client;
  }

  /** Once the authorizers know of it. */
  async function make(path: string, object: object, token = 'root'): Promise<void> {
    await as(token).create(path, object);
    const { roles, rolebindings, clusterroles, clusterrolebindings } = kinds;
    await Promise.all(
      [roles, rolebindings, clusterroles, clusterrolebindings].map((kind) =>
        (server.registry.resource(kind as never) as { cache: { whenFresh(): Promise<unknown> } }).cache.whenFresh(),
      ),
    );
  }

  function clusterRole(name: string, ...rules: object[]): Promise<void> {
    return make(`${RBAC}/clusterroles`, { metadata: { name }, rules });
  }

  /** In the namespace `default`. */
  function give(role: string, user: string, kind = 'ClusterRole'): Promise<void> {
    return make(`${RBAC}/namespaces/default/rolebindings`, binding(`${role}-to-${user}`, role, user, kind));
  }

  function binding(name: string, role: string, user: string, kind = 'ClusterRole'): object {
    return { metadata: { name }, roleRef: { kind, name: role }, subjects: [{ kind: 'User', name: user }] };
  }

  async function refused(work: Promise<unknown>, code: number): Promise<ApiError> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ApiError)) throw new assert.AssertionError({ message: 'it was not refused' });
    assert.equal(error.code, code, error.message);
    return error;
  }

  it('gives what a binding says, where it says it, and tells what is missing elsewhere', async () => {
    assert.equal(
      (await refused(as('ann').get(PODS), 403)).message,
      'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    await clusterRole('pod-reader', TO_PODS);
    await give('pod-reader', 'ann');
    assert.ok(await as('ann').get(PODS));
    const refusals: [Promise<unknown>, string][] = [
      [as('ann').get('/api/v1/pods'), 'list resource "pods" in API group "" at the cluster scope'],
      [as('ann').get(`${PODS}?watch=1`), 'watch resource "pods" in API group "" in the namespace "default"'],
      [as('ann').delete(PODS), 'deletecollection resource "pods" in API group "" in the namespace "default"'],
      [as('ann').get(`${PODS}/p/log`), 'get resource "pods/log" in API group "" in the namespace "default"'],
      [as('ann').get(`${PODS}/p/proxy/a/b`), 'get resource "pods/proxy" in API group "" in the namespace "default"'],
      [
        as('ann').get('/apis/apps/v1/deployments'),
        'list resource "deployments" in API group "apps" at the cluster scope',
      ],
    ];
    for (const [work, what] of refusals) {
      assert.match(
        (await refused(work, 403)).message,
        new RegExp(`: User "ann" cannot ${what.replaceAll('/', '\\/')}$`),
      );
    }
    assert.equal(
      (await refused(as('ann').get('/metrics'), 403)).message,
      'forbidden: User "ann" cannot get path "/metrics"',
    );
    await refused(as('eve').get(PODS), 403);
  });

  it('demands create of who makes something new by an apply or a PUT', async () => {
    const changes = { verbs: ['patch', 'update', 'get'], apiGroups: ['', 'coordination.k8s.io'] };
    await clusterRole('changer', { ...changes, resources: ['configmaps', 'leases'] });
    await give('changer', 'ann');
    const client = new RawClient({ server: server.url, authority: server.pki.authorityCertificate });
    const send = (method: string, path: string, type: string, object: object): Promise<RawAnswer> =>
      client.ask(path, {
        method,
        headers: { authorization: 'Bearer ann', 'content-type': type },
        body: JSON.stringify(object),
      });
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' } };
    const apply = (): Promise<RawAnswer> =>
      send('PATCH', '/api/v1/namespaces/default/configmaps/m?fieldManager=x', 'application/apply-patch+yaml', map);
    const lease = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l';
    const refusals: [RawAnswer, string][] = [
      [await apply(), 'configmaps "m" is forbidden: User "ann" cannot create resource "configmaps"'],
      [
        await send('PUT', lease, 'application/json', { metadata: { name: 'l' }, spec: {} }),
        'leases.coordination.k8s.io "l" is forbidden: User "ann" cannot create resource "leases"',
      ],
    ];
    for (const [{ code, text }, words] of refusals) {
      assert.equal(code, 403, text);
      assert.ok((JSON.parse(text) as Status).message?.startsWith(words), text);
    }
    await make('/api/v1/namespaces/default/configmaps', map);
    assert.equal((await apply()).code, 200);
    client.close();
  });

  it('lets somebody ask in the name of those whom he may impersonate', async () => {
    const rule = { apiGroups: [''], verbs: ['impersonate'], resources: ['users'], resourceNames: ['root'] };
    await clusterRole('rooter', rule, { ...rule, resources: ['groups'], resourceNames: ['devs'] });
    await make(`${RBAC}/clusterrolebindings`, binding('rooter', 'rooter', 'eve'));
    const asking = async (user: string, group: string): Promise<unknown> => {
      const access = { server: server.url, authority: server.pki.authorityCertificate, token: 'eve' };
      const impersonate = { user, groups: [group] };
      const client = new RestClient({ access: { ...access, impersonate }, clock: systemClock, userAgent: 'test' });
      try {
        return await client.get('/api');
      } finally {
        client.close();
      }
    };
    assert.ok(await asking('root', 'devs'));
    assert.match(
      (await refused(asking('ann', 'devs'), 403)).message,
      /^users "ann" is forbidden: User "eve" cannot impersonate resource "users" in API group "" at the cluster scope$/,
    );
    await refused(asking('root', 'system:masters'), 403);
  });

  it('lets nobody run anything in a pod who may only read', async () => {
    await clusterRole('looker', { apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] });
    await give('looker', 'eve');
    const path = `${PODS}/p/exec?command=sh&stdout=1`;
    assert.match((await refused(as('eve').get(path), 403)).message, /User "eve" cannot create resource "pods\/exec"/);
  });

  it('knows an object by its name, also when it is listed by it', async () => {
    await clusterRole('one-map', { ...TO_PODS, resources: ['configmaps'], resourceNames: ['mine'] });
    await give('one-map', 'eve');
    const maps = '/api/v1/namespaces/default/configmaps';
    await as('root').create(maps, { metadata: { name: 'mine' } });
    assert.ok(await as('eve').get(`${maps}/mine`));
    assert.ok(await as('eve').get(`${maps}?fieldSelector=metadata.name%3Dmine`));
    await refused(as('eve').get(`${maps}/other`), 403);
    await refused(as('eve').get(`${maps}?fieldSelector=metadata.name%3Dother`), 403);
    await refused(as('eve').get(maps), 403);
  });

  it('lets a metrics reader read metrics, on both listeners', async () => {
    const web = { server: server.webUrl, authority: server.pki.authorityCertificate, token: 'eve' };
    const scrape = async (): Promise<number> => {
      const { Agent, request } = await import('node:https');
      const agent = new Agent({ ca: web.authority });
      try {
        return await new Promise<number>((resolve, reject) => {
          request(`${web.server}/metrics`, { agent, headers: { authorization: 'Bearer eve' } }, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
            .on('error', reject)
            .end();
        });
      } finally {
        agent.destroy();
      }
    };
    assert.equal(await scrape(), 403);
    await refused(as('eve').get('/metrics'), 403);
    await clusterRole('metrics', { nonResourceURLs: ['/metrics'], verbs: ['get'] });
    await make(`${RBAC}/clusterrolebindings`, binding('metrics', 'metrics', 'eve'));
    assert.equal(await scrape(), 200);
    const { body } = await as('eve').open('/metrics', {});
    body.destroy();
  });

  describe('keeps people from giving away what they do not have', () => {
    const ROLES = `${RBAC}/namespaces/default/roles`;
    const BINDINGS = `${RBAC}/namespaces/default/rolebindings`;

    before(async () => {
      const verbs = ['create', 'update', 'patch', 'get'];
      await clusterRole('granter', { apiGroups: [RBAC_GROUP], resources: ['roles', 'rolebindings'], verbs });
      await give('granter', 'ann');
    });

    it('by a role', async () => {
      await make(ROLES, { metadata: { name: 'listers' }, rules: [{ ...TO_PODS, verbs: ['list'] }] }, 'ann');
      const rules = [
        { ...TO_PODS, verbs: ['delete', 'get', 'watch'] },
        { ...TO_PODS, resources: ['secrets'] },
      ];
      const { message } = await refused(as('ann').create(ROLES, { metadata: { name: 'more' }, rules }), 403);
      assert.equal(
        message,
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "ann" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
          '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}\n' +
          '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
      );
      await refused(as('ann').patch(`${ROLES}/listers`, 'merge-patch', { rules }), 403);
      // What gives no right may change.
      const finalizers = ['example.com/hold'];
      assert.ok(await as('ann').patch(`${ROLES}/listers`, 'merge-patch', { metadata: { finalizers } }));
      const several = Array.from({ length: 300 }, (_, index) => `r${index}`);
      const long = [{ apiGroups: ['x'], resources: several, verbs: ['get', 'list'] }];
      const said = (await refused(as('ann').create(ROLES, { metadata: { name: 'long' }, rules: long }), 403)).message;
      assert.deepEqual([said.split('\n').length, said.split('\n').at(-1)], [102, 'and 200 more']);
      const many = Array.from({ length: 200 }, (_, index) => `r${index}`);
      const huge = [{ apiGroups: many, resources: many, verbs: ['get'] }];
      assert.match(
        (await refused(as('ann').create(ROLES, { metadata: { name: 'huge' }, rules: huge }), 422)).message,
        /must come to at most 20000 permissions/,
      );
      await clusterRole('escalator', { apiGroups: [RBAC_GROUP], resources: ['roles'], verbs: ['escalate'] });
      await give('escalator', 'ann');
      await make(ROLES, { metadata: { name: 'more' }, rules }, 'ann');
    });

    it('by a binding', async () => {
      assert.equal(
        (await refused(as('ann').create(BINDINGS, binding('b', 'gone', 'ann')), 404)).message,
        'clusterroles.rbac.authorization.k8s.io "gone" not found',
      );
      const { message } = await refused(as('ann').create(BINDINGS, binding('b', 'cluster-admin', 'ann')), 403);
      assert.match(
        message,
        /not currently held:\n\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}\n\{NonResourceURLs:\["\*"\], Verbs:\["\*"\]\}$/,
      );
      await make(BINDINGS, binding('c', 'pod-reader', 'bob'), 'ann');
      const rule = { apiGroups: [RBAC_GROUP], resources: ['clusterroles'], verbs: ['bind'], resourceNames: ['view'] };
      await clusterRole('binder', rule, { ...rule, resourceNames: ['system:aggregate-to-view'] });
      await give('binder', 'ann');
      await make(BINDINGS, binding('d', 'system:aggregate-to-view', 'bob'), 'ann');
      await refused(as('ann').create(BINDINGS, binding('e', 'system:aggregate-to-edit', 'bob')), 403);
    });

    it('by gathering rules', async () => {
      const rule = { apiGroups: [RBAC_GROUP], resources: ['clusterroles'], verbs: ['create'] };
      await clusterRole('cluster-granter', rule);
      await make(`${RBAC}/clusterrolebindings`, binding('cluster-granter', 'cluster-granter', 'ann'));
      const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
      const object = { metadata: { name: 'all' }, aggregationRule };
      assert.match(
        (await refused(as('ann').create(`${RBAC}/clusterroles`, object), 403)).message,
        /: must have cluster-admin privileges to use the aggregationRule$/,
      );
    });
  });

  describe('answers questions', () => {
    async function ask<S>(token: string, plural: string, spec: object, namespace = ''): Promise<S> {
      const scope = namespace === '' ? '' : `/namespaces/${namespace}`;
      const review = await as(token).create<{ status: S }>(`${AUTHORIZATION}${scope}/${plural}`, { spec });
      return review.status;
    }

    const listPods = { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } };

    it('about oneself and about others', async () => {
      const own = await ask<SubjectAccessReviewStatus>('ann', 'selfsubjectaccessreviews', listPods);
      const reason =
        'RBAC: allowed by RoleBinding "pod-reader-to-ann/default" of ClusterRole "pod-reader" to User "ann"';
      assert.deepEqual(own, { allowed: true, reason });
      assert.deepEqual(await ask('eve', 'selfsubjectaccessreviews', listPods), { allowed: false });
      const about = (user: string): object => ({ ...listPods, user });
      assert.deepEqual(await ask('root', 'subjectaccessreviews', about('ann')), { allowed: true, reason });
      assert.deepEqual(await ask('root', 'localsubjectaccessreviews', about('eve'), 'default'), { allowed: false });
      await refused(ask('ann', 'subjectaccessreviews', about('ann')), 403);
      const path = { nonResourceAttributes: { verb: 'get', path: '/metrics' } };
      assert.equal((await ask<SubjectAccessReviewStatus>('eve', 'selfsubjectaccessreviews', path)).allowed, true);
    });

    it('about what an administrator and a node may', async () => {
      const everything = { resourceAttributes: { verb: '*', group: '*', resource: '*' } };
      assert.equal(
        (await ask<SubjectAccessReviewStatus>('root', 'selfsubjectaccessreviews', everything)).allowed,
        true,
      );
      const onNode = (name: string): object => ({
        user: 'system:node:n1',
        groups: ['system:nodes'],
        resourceAttributes: {
          ...listPods.resourceAttributes,
          fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: [name] }] },
        },
      });
      assert.equal((await ask<SubjectAccessReviewStatus>('root', 'subjectaccessreviews', onNode('n1'))).allowed, true);
      assert.equal((await ask<SubjectAccessReviewStatus>('root', 'subjectaccessreviews', onNode('n2'))).allowed, false);
    });

    it('about all rights', async () => {
      const { resourceRules, nonResourceRules, incomplete } = await ask<SubjectRulesReviewStatus>(
        'eve',
        'selfsubjectrulesreviews',
        { namespace: 'default' },
      );
      assert.equal(incomplete, false);
      assert.ok(resourceRules.some(({ resourceNames }) => resourceNames?.includes('mine')));
      assert.ok(nonResourceRules.some(({ nonResourceURLs }) => nonResourceURLs?.includes('/metrics')));
      const node = await ask<SubjectRulesReviewStatus>('n1', 'selfsubjectrulesreviews', { namespace: 'default' });
      assert.equal(node.incomplete, true);
      assert.equal(node.evaluationError, 'node authorizer does not support user rule resolution');
    });

    it('only when they are well put', async () => {
      const cases: [string, object, string, RegExp | number][] = [
        ['selfsubjectaccessreviews', {}, '', /spec.resourceAttributes: Invalid value: null: exactly one of/],
        [
          'subjectaccessreviews',
          listPods,
          '',
          /spec.user: Invalid value: "": at least one of user or group must be specified/,
        ],
        [
          'localsubjectaccessreviews',
          { ...listPods, user: 'a', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'pods' } },
          'default',
          /spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace/,
        ],
        [
          'selfsubjectaccessreviews',
          { resourceAttributes: { ...listPods.resourceAttributes, labelSelector: {} } },
          '',
          /requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required/,
        ],
      ];
      for (const [plural, spec, namespace, why] of cases) {
        assert.match((await refused(ask('root', plural, spec, namespace), 422)).message, why as RegExp);
      }
      assert.equal((await refused(ask('root', 'selfsubjectrulesreviews', {}), 400)).message, 'no namespace on request');
      await refused(as('root').get(`${AUTHORIZATION}/subjectaccessreviews`), 405);
    });
  });

  describe('lets a node', () => {
    before(async () => {
      for (const name of ['n1', 'n2']) await as('root').create('/api/v1/nodes', { metadata: { name } });
      const secrets = '/api/v1/namespaces/default/secrets';
      for (const name of ['of-n1', 'of-n2']) {
        await as('root').create(secrets, { metadata: { name } });
        const volumes = [{ name: 's', secret: { secretName: name } }];
        const spec = { nodeName: name.slice(3), containers: [{ name: 'c', image: 'i' }], volumes };
        await as('root').create(PODS, { metadata: { name }, spec });
      }
      await server.registry.resource(kinds.pods).cache.whenFresh();
    });

    it('read what its own pods name', async () => {
      const node = as('n1');
      assert.ok(await node.get('/api/v1/namespaces/default/secrets/of-n1'));
      const why = (await refused(node.get('/api/v1/namespaces/default/secrets/of-n2'), 403)).message;
      assert.match(why, /: no relationship found between node 'n1' and this object$/);
      await refused(node.get('/api/v1/namespaces/default/secrets'), 403);
      assert.ok(await node.get(`${PODS}/of-n1`));
      await refused(node.get(`${PODS}/of-n2`), 403);
      assert.ok(await node.get(`/api/v1/pods?fieldSelector=spec.nodeName%3Dn1`));
      await refused(node.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dn2'), 403);
      assert.ok(await node.get('/api/v1/nodes/n1'));
      await refused(node.get('/api/v1/nodes'), 403);
    });

    it('report of itself and of its own pods', async () => {
      const node = as('n1');
      const status = { status: { message: 'here' } };
      assert.ok(await node.patch(`${PODS}/of-n1/status`, 'merge-patch', status));
      assert.match(
        (await refused(node.patch(`${PODS}/of-n2/status`, 'merge-patch', status), 403)).message,
        /: node "n1" can only update pod status for pods with spec\.nodeName set to itself$/,
      );
      const taints = { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };
      assert.match(
        (await refused(node.patch('/api/v1/nodes/n1', 'merge-patch', taints), 403)).message,
        /node "n1" is not allowed to modify taints/,
      );
      await refused(node.delete('/api/v1/nodes/n1'), 403);
      await refused(node.delete(`${PODS}/of-n2`), 403);
      assert.ok(await node.delete(`${PODS}/of-n1`, { gracePeriodSeconds: 0 }));
    });

    it('make no pod but the image of one that it runs by itself', async () => {
      const { metadata } = await as('root').get<{ metadata: { uid: string } }>('/api/v1/nodes/n1');
      const pod = { metadata: { name: 'own' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] } };
      assert.match((await refused(as('n1').create(PODS, pod), 403)).message, /can only create mirror pods$/);
      const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: metadata.uid, controller: true };
      const mirror = {
        ...pod,
        metadata: { name: 'own', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] },
      };
      const stealing = { ...mirror, spec: { ...pod.spec, volumes: [{ name: 's', secret: { secretName: 'of-n2' } }] } };
      assert.match(
        (await refused(as('n1').create(PODS, stealing), 403)).message,
        /can not create pods that reference secrets$/,
      );
      assert.ok(await as('n1').create(PODS, mirror));
    });
  });

  describe('by the real kubectl', () => {
    async function run(args: string, stdin = ''): Promise<{ code: number; text: string }> {
      const { code, stdout, stderr } = await kubectl(server.kubeconfig, args.split(' '), stdin);
      return { code, text: `${stdout}${stderr}`.trim() };
    }

    it('is asked for, also in the name of others', async () => {
      const asked = async (question: string): Promise<[number, string]> => {
        const { code, text } = await run(`auth can-i ${question}`);
        return [code, text];
      };
      assert.deepEqual(await asked('delete nodes -A'), [0, 'yes']);
      assert.deepEqual(await asked('list pods --as=ann'), [0, 'yes']);
      assert.deepEqual(await asked('list pods -A --as=ann'), [1, 'no']);
      assert.deepEqual(await asked('list pods --as=nobody'), [1, 'no']);
      assert.deepEqual(await asked('list nodes -A --as=nobody --as-group=system:masters'), [0, 'yes']);
      assert.deepEqual(await asked('get /metrics --as=eve'), [0, 'yes']);
      assert.deepEqual(await asked('get pods --subresource=log --as=ann'), [1, 'no']);
    });

    it('is listed', async () => {
      const { code, text } = await run('auth can-i --list --as=eve');
      assert.equal(code, 0, text);
      assert.match(text, /^Resources +Non-Resource URLs +Resource Names +Verbs$/m);
      assert.match(text, /^configmaps +\[\] +\[mine\] +\[get list\]$/m);
      assert.match(text, /^selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]$/m);
      assert.match(text, /^ +\[\/metrics\] +\[\] +\[get\]$/m);
    });

    it('is given, shown and reconciled', async () => {
      assert.equal((await run('create role watcher --verb=watch --resource=pods,pods/log')).code, 0);
      assert.equal((await run('create rolebinding watchers --role=watcher --user=eve --group=devs')).code, 0);
      assert.match(
        (await run('get rolebindings watchers -o wide --no-headers')).text,
        /^watchers +Role\/watcher +\d+s +eve +devs *$/,
      );
      assert.match((await run('get role watcher')).text, /^NAME +CREATED AT\nwatcher +\d{4}-/);
      assert.match((await run('describe clusterrole cluster-admin')).text, /\*\.\* +\[\] +\[\] +\[\*\]/);
      const wider = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: watcher, namespace: default}
rules: [{apiGroups: [""], resources: [pods], verbs: [watch, delete]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: watchers, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pod-reader}
subjects: [{kind: User, name: bob, apiGroup: rbac.authorization.k8s.io}]
`;
      const { code, text } = await run('auth reconcile -f -', wider);
      assert.equal(code, 0, text);
      assert.match(text, /role\.rbac\.authorization\.k8s\.io\/watcher reconciled/);
      assert.match((await run('describe role watcher')).text, /pods +\[\] +\[\] +\[watch delete\]/);
      const shown = (await run('get rolebindings watchers -o wide --no-headers')).text;
      assert.match(shown, /^watchers +ClusterRole\/pod-reader +\d+s +bob *$/);
    });

    it('is taken as it is stored, and refused with what is wrong', async () => {
      const role =
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: bad}\nrules: [{verbs: [get]}]\n';
      assert.equal((await run('apply -f -', role)).text.split('\n')[0], 'The ClusterRole "bad" is invalid: ');
      const { text } = await run(
        'create rolebinding stolen --clusterrole=cluster-admin --user=ann --as=ann --as-group=devs',
      );
      assert.match(
        text,
        /^error: failed to create rolebinding: rolebindings\.rbac\.authorization\.k8s\.io "stolen" is forbidden: user "ann" \(groups=\["devs" "system:authenticated"\]\) is attempting/,
      );
    });
  });
});
