/** Admission webhooks, over HTTP and TLS, as their authors and their users see them. */
import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { CHANNEL } from '../../../api/streams.ts';
import type { User } from '../../../control-plane/user.ts';
import { systemClock } from '../../../lib/clock.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { serveDial } from '../../../node-agent/streams/dial.ts';
import { statusOf } from '../../../node-agent/streams/status.ts';
import { TestServer } from '../../support/api-server.ts';
import { definitionRunner } from '../../support/definition-controller.ts';
import { until } from '../../support/until.ts';
import { pairedTunnels } from '../../support/paired-tunnels.ts';
import { type Decide, patchOf, type TestObject, WebhookServer } from '../../support/webhook-server.ts';

const TOKENS = new Map<string, User>([['root', { name: 'root', groups: ['system:masters'] }]]);
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/default/configmaps';
const POD_ADDRESS = '10.9.9.9';
const TO_MAPS = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

describe('admission webhooks', () => {
  let server: TestServer;
  let client: RestClient;
  let hook: WebhookServer;
  const warnings: string[] = [];
  let made: string[] = [];

  before(async () => {
    hook = await WebhookServer.start(['hook.default.svc']);
    const tunnels = pairedTunnels(async (wanted, end, node) => {
      if (wanted.kind !== 'dial') return;
      assert.equal(node, 'n1');
      assert.equal(wanted.address, POD_ADDRESS);
      try {
        // The pod's address is this machine's own for the test.
        const here = { ...wanted, address: '127.0.0.1' };
        const web = { host: '127.0.0.1', port: 0 };
        await serveDial(here, { holds: () => true }, { own: () => [], web }, end);
      } catch (error) {
        await end.send(CHANNEL.error, statusOf(error));
      }
    });
    server = await TestServer.start({ tokens: TOKENS, tunnels });
    client = new RestClient({
      access: { server: server.url, authority: server.pki.authorityCertificate, token: 'root' },
      clock: systemClock,
      userAgent: 'test',
      onWarning: (text) => warnings.push(text),
    });
  });
  after(async () => {
    client.close();
    await server.stop();
    hook.stop();
  });

  beforeEach(() => {
    made = [];
    warnings.length = 0;
    hook.asked.length = 0;
    hook.decide = () => ({ allowed: true });
  });
  afterEach(async () => {
    for (const path of made) await client.delete(path);
    await fresh();
  });

  async function fresh(): Promise<void> {
    const { mutatingwebhookconfigurations, validatingwebhookconfigurations } = kinds;
    await server.registry.of(mutatingwebhookconfigurations).cache.whenFresh();
    await server.registry.of(validatingwebhookconfigurations).cache.whenFresh();
  }

  async function configure(
    sort: 'mutating' | 'validating',
    name: string,
    ...hooks: readonly Readonly<Record<string, unknown>>[]
  ): Promise<void> {
    const path = `${CONFIGURATIONS}/${sort}webhookconfigurations`;
    const webhooks = hooks.map((each, index) => ({
      name: `${name}${index}.example.com`,
      clientConfig: hook.config(`/${name}`),
      rules: [TO_MAPS],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...each,
    }));
    await client.create(path, { metadata: { name }, webhooks });
    made.push(`${path}/${name}`);
    await fresh();
  }

  const map = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}): object => ({
    metadata: { name, labels },
    data,
  });

  async function refused(action: Promise<unknown>): Promise<ApiError> {
    const error = await action.then(
      () => assert.fail('it was let pass'),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }

  it('refuse in their own words, with their own code', async () => {
    await configure('validating', 'deny', {});
    hook.decide = ({ review }) => {
      const isBad = review.request.object?.data?.['bad'] === 'yes';
      return isBad
        ? { allowed: false, status: { message: 'the configmap contains bad data', code: 403, reason: 'Forbidden' } }
        : { allowed: true, warnings: ['take "care"'] };
    };
    const error = await refused(client.create(MAPS, map('bad', { bad: 'yes' })));
    assert.equal(
      error.message,
      'admission webhook "deny0.example.com" denied the request: the configmap contains bad data',
    );
    assert.deepEqual([error.code, error.reason], [403, 'Forbidden']);
    await client.create(MAPS, map('good'));
    assert.deepEqual(warnings, ['take "care"']);
    const patching = client.patch(`${MAPS}/good`, 'merge-patch', { data: { bad: 'yes' } });
    assert.match((await refused(patching)).message, /denied the request/);
    hook.decide = ({ review }) => ({ allowed: review.request.operation !== 'DELETE' });
    const deleting = await refused(client.delete(`${MAPS}/good`));
    assert.equal(deleting.message, 'admission webhook "deny0.example.com" denied the request without explanation');
    assert.equal(deleting.code, 400);
    hook.decide = () => ({ allowed: true });
    await client.delete(`${MAPS}/good`);
  });

  it('are told everything about the request', async () => {
    await configure('validating', 'look', {});
    await client.create(MAPS, map('seen', { a: '1' }));
    await client.patch(`${MAPS}/seen`, 'merge-patch', { data: { a: '2' } }, { query: { dryRun: 'All' } });
    await client.delete(`${MAPS}/seen`);
    const [created, patched, deleted] = hook.asked.map(({ review }) => review.request);
    assert.ok(created && patched && deleted);
    assert.equal(hook.asked[0]?.path, '/look?timeout=10s');
    const { uid, object, oldObject, ...rest } = created;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.equal(object?.kind, 'ConfigMap');
    assert.equal(oldObject, null);
    assert.deepEqual(rest, {
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
      requestResource: { group: '', version: 'v1', resource: 'configmaps' },
      name: 'seen',
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'root', groups: ['system:masters', 'system:authenticated'] },
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    });
    assert.deepEqual([patched.operation, patched.dryRun], ['UPDATE', true]);
    assert.deepEqual([patched.oldObject?.data, patched.object?.data], [{ a: '1' }, { a: '2' }]);
    assert.deepEqual([deleted.operation, deleted.object, deleted.oldObject?.data], ['DELETE', null, { a: '1' }]);
  });

  it('change objects, which get their defaults afterwards', async () => {
    await configure('mutating', 'change', {
      rules: [{ ...TO_MAPS, resources: ['pods'], operations: ['CREATE'] }],
    });
    const container = { name: 'added', image: 'busybox' };
    hook.decide = () => patchOf({ op: 'add', path: '/spec/initContainers', value: [container] });
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
    const result = await client.create<{ spec: { initContainers: { name: string; imagePullPolicy: string }[] } }>(
      '/api/v1/namespaces/default/pods',
      pod,
    );
    const [added] = result.spec.initContainers;
    assert.deepEqual([added?.name, added?.imagePullPolicy], ['added', 'Always']);
    await client.delete('/api/v1/namespaces/default/pods/p', { gracePeriodSeconds: 0 });
  });

  it('see what those before made of the object, and again what later ones did', async () => {
    await configure(
      'mutating',
      'chain',
      { clientConfig: hook.config('/first'), reinvocationPolicy: 'IfNeeded' },
      { clientConfig: hook.config('/second') },
    );
    hook.decide = ({ path, review }) => {
      const { data = {} } = review.request.object ?? {};
      if (path.startsWith('/second')) return patchOf({ op: 'add', path: '/data/second', value: 'yes' });
      const seen = Object.keys(data).join('.');
      return patchOf({ op: 'add', path: `/data/saw-${seen}`, value: 'yes' });
    };
    const result = await client.create<TestObject>(MAPS, map('chained', { own: '1' }));
    assert.deepEqual(Object.keys(result.data ?? {}).toSorted(), ['own', 'saw-own', 'saw-own.saw-own.second', 'second']);
    assert.deepEqual(
      hook.asked.map(({ path }) => path.slice(1, 7)),
      ['first?', 'second', 'first?'],
    );
    hook.decide = () => ({ allowed: true });
    await client.delete(`${MAPS}/chained`);
  });

  it('choose by namespace, by object, by rule and by condition', async () => {
    await server.addNamespace('chosen');
    await client.patch('/api/v1/namespaces/chosen', 'merge-patch', { metadata: { labels: { team: 'a' } } });
    await configure(
      'validating',
      'choose',
      { clientConfig: hook.config('/ns'), namespaceSelector: { matchLabels: { team: 'a' } } },
      { clientConfig: hook.config('/object'), objectSelector: { matchLabels: { pick: 'me' } } },
      { clientConfig: hook.config('/update'), rules: [{ ...TO_MAPS, operations: ['UPDATE'] }] },
      {
        clientConfig: hook.config('/condition'),
        matchConditions: [
          { name: 'not-skipped', expression: `!has(object.data) || !("skip" in object.data)` },
          {
            name: 'not-mine',
            expression: `request.userInfo.username == 'root' && authorizer.requestResource.check('create').allowed()`,
          },
        ],
      },
    );
    const askedFor = async (action: Promise<unknown>): Promise<string[]> => {
      hook.asked.length = 0;
      await action;
      return hook.asked.map(({ path }) => path.slice(1, path.indexOf('?'))).toSorted();
    };
    assert.deepEqual(await askedFor(client.create(MAPS, map('a', { skip: 'x' }))), []);
    assert.deepEqual(await askedFor(client.create(MAPS, map('b', {}, { pick: 'me' }))), ['condition', 'object']);
    assert.deepEqual(await askedFor(client.patch(`${MAPS}/a`, 'merge-patch', { data: { b: '1' } })), ['update']);
    const elsewhere = '/api/v1/namespaces/chosen/configmaps';
    assert.deepEqual(await askedFor(client.create(elsewhere, map('c'))), ['condition', 'ns']);
    assert.deepEqual(
      await askedFor(client.create('/api/v1/namespaces/default/secrets', { metadata: { name: 's' } })),
      [],
    );
  });

  it('fail as their failure policy says', async () => {
    const nobody = { clientConfig: { url: 'https://localhost:1/nobody' } };
    await configure('validating', 'open', { ...nobody, failurePolicy: 'Ignore' });
    await client.create(MAPS, map('open'));
    await configure('validating', 'closed', nobody);
    const error = await refused(client.create(MAPS, map('closed')));
    assert.deepEqual([error.code, error.reason], [500, 'InternalError']);
    assert.match(
      error.message,
      /^Internal error occurred: failed calling webhook "closed0.example.com": failed to call webhook: Post "https:\/\/localhost:1\/nobody\?timeout=10s": connect ECONNREFUSED/,
    );
  });

  it('are waited for no longer than they say', async () => {
    await configure('validating', 'slow', { timeoutSeconds: 1 });
    hook.decide = () => undefined;
    const error = await refused(client.create(MAPS, map('slow')));
    assert.match(error.message, /\/slow\?timeout=1s": context deadline exceeded/);
  });

  it('must answer what they were asked, over a certificate that they can show', async () => {
    await configure('validating', 'strange', {});
    const answers: [Decide, RegExp][] = [
      [() => ({ uid: 'other', allowed: true }), /received invalid webhook response: expected response.uid=/],
      [() => ({ allowed: true, patch: 'W10=' }), /validating webhook may not return response.patch/],
    ];
    for (const [decide, expected] of answers) {
      hook.decide = decide;
      assert.match((await refused(client.create(MAPS, map('strange')))).message, expected);
    }
    const other = await WebhookServer.start();
    try {
      await configure('validating', 'untrusted', { clientConfig: { ...other.config('/'), caBundle: hook.caBundle } });
      hook.decide = () => ({ allowed: true });
      assert.match((await refused(client.create(MAPS, map('strange')))).message, /failed to call webhook: .*tls: /);
    } finally {
      other.stop();
    }
  });

  it('are reached through a service, by the agent of a pod, over one connection for many requests', async () => {
    await client.create('/api/v1/namespaces/default/services', {
      metadata: { name: 'hook' },
      spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] },
    });
    await client.create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'hook', labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: hook.port }],
      endpoints: [{ addresses: [POD_ADDRESS], nodeName: 'n1', conditions: { ready: true } }],
    });
    await server.registry.of(kinds.endpointslices).cache.whenFresh();
    const service = { namespace: 'default', name: 'hook', path: '/through' };
    await configure('mutating', 'service', { clientConfig: { service, caBundle: hook.caBundle } });
    hook.decide = () => patchOf({ op: 'add', path: '/data', value: { by: 'service' } });
    const before = hook.connections;
    for (const name of ['x', 'y', 'z']) {
      assert.deepEqual((await client.create<TestObject>(MAPS, map(name))).data, { by: 'service' });
    }
    assert.equal(hook.connections - before, 1);
    hook.isImpatient = true;
    for (const name of ['xx', 'yy', 'zz']) {
      assert.deepEqual((await client.create<TestObject>(MAPS, map(name))).data, { by: 'service' });
    }
    hook.isImpatient = false;
    assert.equal(hook.connections - before, 4);
    const nowhere = { ...service, name: 'nowhere' };
    await configure('validating', 'nowhere', { clientConfig: { service: nowhere, caBundle: hook.caBundle } });
    const { message } = await refused(client.create(MAPS, map('v')));
    assert.match(
      message,
      /Post "https:\/\/nowhere.default.svc(?::443)?\/through\?timeout=10s": service "nowhere" not found/,
    );
  });

  it('change custom resources, which are pruned afterwards, in the version that their rules name', async () => {
    const text = { type: 'string' };
    const openAPIV3Schema = { type: 'object', properties: { data: { type: 'object', additionalProperties: text } } };
    const version = { served: true, schema: { openAPIV3Schema } };
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const group = 'webhooks.example.com';
    const runner = definitionRunner(server.registry, () => server.whenFresh());
    await runner.start();
    await client.create(definitions, {
      metadata: { name: `widgets.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [
          { ...version, name: 'v1', storage: true },
          { ...version, name: 'v2', storage: false },
        ],
      },
    });
    const { view } = server.registry.of(kinds.customresourcedefinitions);
    const isEstablished = (): boolean =>
      view.get(`widgets.${group}`)?.status?.conditions?.some(({ type, status }) => {
        return type === 'Established' && status === 'True';
      }) === true;
    await until([view], isEstablished, { what: 'the definition is established' });
    await runner.stop();
    const rules = [{ ...TO_MAPS, apiGroups: [group], resources: ['widgets'], operations: ['CREATE'] }];
    await configure('mutating', 'custom', { rules });
    hook.decide = () =>
      patchOf({ op: 'add', path: '/data', value: { by: 'hook' } }, { op: 'add', path: '/unknown', value: 'x' });
    for (const served of ['v1', 'v2']) {
      const path = `/apis/${group}/${served}/namespaces/default/widgets`;
      const made = await client.create<TestObject & { unknown?: string }>(path, {
        apiVersion: `${group}/${served}`,
        kind: 'Widget',
        metadata: { name: `w-${served}` },
      });
      assert.deepEqual([made.data, made.unknown], [{ by: 'hook' }, undefined]);
    }
    const [first, second] = hook.asked.map(({ review }) => review.request);
    assert.deepEqual(first?.kind, { group, version: 'v1', kind: 'Widget' });
    assert.deepEqual(second?.kind, { group, version: 'v1', kind: 'Widget' });
    assert.equal(second?.object?.apiVersion, `${group}/v1`);
  });

  it('never keep anybody from taking them away', async () => {
    const everything = { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }] };
    await configure('validating', 'everything', everything);
    await configure('mutating', 'everything-too', everything);
    hook.decide = () => ({ allowed: false });
    assert.match((await refused(client.create(MAPS, map('w')))).message, /denied/);
    const path = `${CONFIGURATIONS}/validatingwebhookconfigurations/everything`;
    await client.patch(path, 'merge-patch', { metadata: { labels: { a: 'b' } } });
    hook.asked.length = 0;
  });

  it('are asked about streams to pods', async () => {
    await configure('validating', 'streams', {
      rules: [{ operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/attach'] }],
    });
    hook.decide = ({ review }) => ({
      allowed: false,
      status: { message: `attaching to pod '${review.request.name}' is not allowed` },
    });
    const attaching = client.create('/api/v1/namespaces/default/pods/some/attach', {}, { query: { stdin: true } });
    assert.match((await refused(attaching)).message, /denied the request: attaching to pod 'some' is not allowed/);
    const { kind, object, subResource } = hook.asked[0]?.review.request ?? {};
    assert.deepEqual(
      [kind?.kind, subResource, object],
      ['PodAttachOptions', 'attach', { kind: 'PodAttachOptions', apiVersion: 'v1', stdin: true }],
    );
  });
});
