/** ValidatingAdmissionPolicy and its bindings, over HTTP. */
import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { User } from '../../../control-plane/user.ts';
import { createSigningRequest } from '../../../lib/certificates.ts';
import { systemClock } from '../../../lib/clock.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { TestServer } from '../../support/api-server.ts';

const TOKENS = new Map<string, User>([['root', { name: 'root', groups: ['system:masters'] }]]);
const GROUP = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

function rule(apiGroup: string, resource: string): object {
  return { operations: ['CREATE', 'UPDATE'], apiGroups: [apiGroup], apiVersions: ['v1'], resources: [resource] };
}

function deployment(name: string, replicas: number): object {
  const labels = { app: name };
  const containers = [{ name: 'c', image: 'busybox' }];
  const spec = {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
  };
  return { metadata: { name }, spec };
}

describe('admission policies', () => {
  let server: TestServer;
  let client: RestClient;
  const warnings: string[] = [];
  let made: string[] = [];

  before(async () => {
    server = await TestServer.start({ tokens: TOKENS });
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
  });
  beforeEach(() => {
    warnings.length = 0;
    made = [];
  });
  afterEach(async () => {
    for (const path of made) await client.delete(path);
    await fresh();
  });

  async function fresh(): Promise<void> {
    await server.registry.of(kinds.validatingadmissionpolicies).cache.whenFresh();
    await server.registry.of(kinds.validatingadmissionpolicybindings).cache.whenFresh();
    await server.registry.of(kinds.configmaps).cache.whenFresh();
  }

  /** A policy about config maps, unless `spec` says otherwise, and its binding. */
  async function enforce(name: string, spec: object, binding: object = {}): Promise<void> {
    const policies = `${GROUP}/validatingadmissionpolicies`;
    const bindings = `${GROUP}/validatingadmissionpolicybindings`;
    const matchConstraints = { resourceRules: [rule('', 'configmaps')] };
    await client.create(policies, { metadata: { name }, spec: { matchConstraints, ...spec } });
    const bound = { policyName: name, validationActions: ['Deny'], ...binding };
    await client.create(bindings, { metadata: { name }, spec: bound });
    made.push(`${policies}/${name}`, `${bindings}/${name}`);
    await fresh();
  }

  async function refused(action: Promise<unknown>): Promise<ApiError> {
    const error = await action.then(
      () => assert.fail('it was let pass'),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }

  it('deny what their expressions do not allow, with variables and messages', async () => {
    await enforce('replicas', {
      matchConstraints: { resourceRules: [rule('apps', 'deployments')] },
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [
        { expression: 'variables.replicas > 1' },
        {
          expression: 'variables.oddReplicas',
          messageExpression: `'replicas must be odd, not ' + string(variables.replicas)`,
          reason: 'Forbidden',
        },
      ],
    });
    const one = await refused(client.create(DEPLOYMENTS, deployment('one', 1)));
    const why = `ValidatingAdmissionPolicy 'replicas' with binding 'replicas' denied request: failed expression: variables.replicas > 1`;
    assert.equal(one.message, `deployments.apps "one" is forbidden: ${why}`);
    assert.deepEqual([one.code, one.reason], [422, 'Invalid']);
    assert.deepEqual(one.status.details, {
      name: 'one',
      group: 'apps',
      kind: 'deployments',
      causes: [{ message: why }],
    });
    const two = await refused(client.create(DEPLOYMENTS, deployment('two', 2)));
    assert.deepEqual([two.code, two.reason], [403, 'Forbidden']);
    assert.match(two.message, /denied request: replicas must be odd, not 2$/);
    await client.create(DEPLOYMENTS, deployment('three', 3));
    const patched = client.patch(`${DEPLOYMENTS}/three`, 'merge-patch', { spec: { replicas: 4 } });
    assert.match((await refused(patched)).message, /replicas must be odd, not 4/);
    await client.delete(`${DEPLOYMENTS}/three`);
  });

  it('take parameters by name and by selector', async () => {
    await client.create(MAPS, { metadata: { name: 'limits', labels: { limits: 'yes' } }, data: { most: '3' } });
    await fresh();
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'not-the-limits', expression: `object.metadata.name != 'limits'` }],
      validations: [
        {
          expression: '!has(object.data) || size(object.data) <= int(params.data.most)',
          messageExpression: `'at most ' + params.data.most + ' entries'`,
        },
      ],
    };
    const selector = { matchLabels: { limits: 'yes' } };
    await enforce('by-name', spec, { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } });
    const four = { metadata: { name: 'four' }, data: { a: '', b: '', c: '', d: '' } };
    assert.match(
      (await refused(client.create(MAPS, four))).message,
      /binding 'by-name' denied request: at most 3 entries/,
    );
    await enforce('by-selector', spec, { paramRef: { selector, parameterNotFoundAction: 'Deny' } });
    await enforce('by-nobody', spec, { paramRef: { name: 'nobody', parameterNotFoundAction: 'Allow' } });
    await client.create(MAPS, { metadata: { name: 'few' }, data: { a: '' } });
    await enforce('missing', spec, { paramRef: { name: 'nobody', parameterNotFoundAction: 'Deny' } });
    const missing = await refused(client.create(MAPS, { metadata: { name: 'fewer' } }));
    assert.match(
      missing.message,
      /'missing' with binding 'missing' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction/,
    );
  });

  it('warn instead, where their binding says so', async () => {
    await enforce(
      'warning',
      { validations: [{ expression: 'has(object.data)', message: 'there is no data' }] },
      { validationActions: ['Warn', 'Audit'] },
    );
    await client.create(MAPS, { metadata: { name: 'warned' } });
    assert.deepEqual(warnings, [
      "Validation failed for ValidatingAdmissionPolicy 'warning' with binding 'warning': there is no data",
    ]);
  });

  it('see the namespace, the request, the old object and what the user may do', async () => {
    await client.patch('/api/v1/namespaces/default', 'merge-patch', { metadata: { labels: { env: 'test' } } });
    await server.registry.of(kinds.namespaces).cache.whenFresh();
    await enforce('surroundings', {
      validations: [
        { expression: `namespaceObject.metadata.labels.env == 'test'` },
        { expression: `request.operation == 'CREATE' ? oldObject == null : oldObject.data.a == 'old'` },
        { expression: `request.userInfo.username == 'root' && request.namespace == 'default'` },
        { expression: `authorizer.group('').resource('pods').namespace('default').check('get').allowed()` },
        {
          expression:
            `!authorizer.serviceAccount('default', 'default').requestResource.check('create').allowed()`.replace(
              '.requestResource',
              `.group('').resource('configmaps')`,
            ),
        },
      ],
    });
    await client.create(MAPS, { metadata: { name: 'around' }, data: { a: 'old' } });
    await client.patch(`${MAPS}/around`, 'merge-patch', { data: { a: 'new' } });
    assert.match(
      (await refused(client.patch(`${MAPS}/around`, 'merge-patch', { data: { a: 'newer' } }))).message,
      /failed expression: request.operation/,
    );
  });

  it('fail as their failure policy says, and stop what runs away', async () => {
    const validations = [{ expression: 'object.data.missing == "x"' }];
    await enforce('ignoring', { validations, failurePolicy: 'Ignore' });
    await client.create(MAPS, { metadata: { name: 'ignored' } });
    await enforce('failing', { validations });
    assert.match(
      (await refused(client.create(MAPS, { metadata: { name: 'failed' } }))).message,
      /denied request: expression 'object.data.missing == "x"' resulted in error: no such key: data$/,
    );
    const endless = 'lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))';
    await enforce('endless', { validations: [{ expression: endless }] });
    const stopped = await refused(client.create(MAPS, { metadata: { name: 'stopped' } }));
    assert.match(stopped.message, /resulted in error: operation cancelled: actual cost limit exceeded$/);
  });

  it('choose by exclusion, by name and by what their binding adds', async () => {
    await enforce(
      'choosing',
      {
        matchConstraints: {
          resourceRules: [rule('', 'configmaps')],
          excludeResourceRules: [{ ...rule('', 'configmaps'), resourceNames: ['spared'] }],
        },
        validations: [{ expression: 'false' }],
      },
      { matchResources: { objectSelector: { matchLabels: { watched: 'yes' } } } },
    );
    const labels = { watched: 'yes' };
    await client.create(MAPS, { metadata: { name: 'unwatched' } });
    await client.create(MAPS, { metadata: { name: 'spared', labels } });
    assert.match((await refused(client.create(MAPS, { metadata: { name: 'watched', labels } }))).message, /denied/);
  });

  it('see what is written through a subresource as what it is', async () => {
    await client.create(DEPLOYMENTS, deployment('scaled', 1));
    const pods = '/api/v1/namespaces/default/pods';
    const resources = { requests: { cpu: '1' } };
    await client.create(pods, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i', resources }] },
    });
    const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const { request } = await createSigningRequest({ commonName: 'jane', organizations: [] });
    const spec = {
      request: Buffer.from(request).toString('base64'),
      signerName: 'example.com/s',
      usages: ['client auth'],
    };
    await client.create(requests, { metadata: { name: 'asked' }, spec });
    made.push(`${DEPLOYMENTS}/scaled`, `${pods}/p`, `${requests}/asked`);
    const sub = (resource: string): object => ({ ...rule('*', resource), apiVersions: ['*'] });
    const names = ['*/scale', 'pods/binding', 'pods/eviction', 'pods/resize', 'pods/ephemeralcontainers'];
    names.push('serviceaccounts/token', 'namespaces/finalize', 'certificatesigningrequests/approval');
    await enforce('below', {
      matchConstraints: { resourceRules: names.map(sub) },
      validations: [
        {
          expression: 'false',
          messageExpression: `request.operation + ' ' + request.resource.resource + '/' + request.subResource + ' ' + object.kind + ' ' + object.metadata.name + (object.kind == 'Scale' ? ' ' + string(oldObject.spec.replicas) + ' ' + string(object.spec.replicas) : '')`,
        },
      ],
    });
    const strategic = 'strategic-merge-patch';
    const approved = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }] } };
    const attempts: [string, () => Promise<unknown>][] = [
      [
        'UPDATE deployments/scale Scale scaled 1 2',
        () => client.patch(`${DEPLOYMENTS}/scaled/scale`, 'merge-patch', { spec: { replicas: 2 } }),
      ],
      ['CREATE pods/binding Binding p', () => client.create(`${pods}/p/binding`, { target: { name: 'n' } })],
      ['CREATE pods/eviction Eviction p', () => client.create(`${pods}/p/eviction`, { metadata: { name: 'p' } })],
      [
        'UPDATE pods/resize Pod p',
        () =>
          client.patch(`${pods}/p/resize`, strategic, {
            spec: { containers: [{ name: 'c', resources: { requests: { cpu: '2' } } }] },
          }),
      ],
      [
        'UPDATE pods/ephemeralcontainers Pod p',
        () =>
          client.patch(`${pods}/p/ephemeralcontainers`, strategic, {
            spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] },
          }),
      ],
      [
        'CREATE serviceaccounts/token TokenRequest default',
        () => client.create('/api/v1/namespaces/default/serviceaccounts/default/token', { spec: {} }),
      ],
      [
        'UPDATE namespaces/finalize Namespace default',
        () =>
          client.update('/api/v1/namespaces/default/finalize', {
            metadata: { name: 'default' },
            spec: { finalizers: ['kubernetes', 'a/b'] },
          }),
      ],
      [
        'UPDATE certificatesigningrequests/approval CertificateSigningRequest asked',
        () => client.patch(`${requests}/asked/approval`, 'merge-patch', approved),
      ],
    ];
    for (const [wanted, attempt] of attempts) {
      const { message } = await refused(attempt());
      assert.equal(message.slice(message.indexOf('request: ') + 'request: '.length), wanted);
    }
    // Also where nothing would change.
    await refused(client.patch(`${DEPLOYMENTS}/scaled/scale`, 'merge-patch', { spec: { replicas: 1 } }));
  });
});
