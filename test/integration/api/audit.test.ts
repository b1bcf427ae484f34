/** What the audit log says of requests as clients send them. */
import assert from 'node:assert/strict';
import type { AuditEvent } from '../../../control-plane/audit/trail.ts';
import { AuditPolicy } from '../../../control-plane/audit/policy.ts';
import { TestServer } from '../../support/api-server.ts';
import { adminAccess, RawClient } from '../../support/raw-requests.ts';

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- {level: None, nonResourceURLs: ["/version"]}
- {level: Metadata, resources: [{resources: [secrets]}]}
- {level: Request, verbs: [delete]}
- {level: RequestResponse, omitStages: [RequestReceived]}
`;
const MAPS = '/api/v1/namespaces/default/configmaps';

describe('the audit log', () => {
  const events: AuditEvent[] = [];
  let wake: (() => void) | undefined;
  let server: TestServer;
  let client: RawClient;

  before(async () => {
    const write = (event: AuditEvent): Promise<void> => {
      events.push(event);
      wake?.();
      return Promise.resolve();
    };
    server = await TestServer.start({
      audit: { policy: new AuditPolicy(POLICY), write },
      tokens: new Map([['anna-token', { name: 'anna', groups: ['dev'] }]]),
    });
    client = new RawClient(await adminAccess(server));
  });
  after(async () => {
    client?.close();
    await server?.stop();
  });
  beforeEach(() => void events.splice(0));

  async function logged(count: number): Promise<AuditEvent[]> {
    while (events.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return events;
  }

  const json = { 'content-type': 'application/json' };

  it('has the object that was sent and the one that was answered', async () => {
    const body = JSON.stringify({ metadata: { name: 'c' }, data: { a: '1' } });
    const { headers } = await client.ask(`${MAPS}?fieldManager=me`, { method: 'POST', body, headers: json });
    const [event] = await logged(1);
    assert.partialDeepStrictEqual(event, {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      stage: 'ResponseComplete',
      auditID: headers['audit-id'],
      requestURI: `${MAPS}?fieldManager=me`,
      verb: 'create',
      user: { username: 'kubernetes-admin' },
      sourceIPs: ['127.0.0.1'],
      objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      requestObject: { metadata: { name: 'c' }, data: { a: '1' } },
      responseObject: { kind: 'ConfigMap', data: { a: '1' } },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
    const { metadata } = (event?.['responseObject'] ?? {}) as { metadata?: object };
    assert.ok(metadata && !('managedFields' in metadata));
  });

  it('has a list, and not one that is too long', async () => {
    await client.ask(MAPS);
    const [event] = await logged(1);
    assert.partialDeepStrictEqual(event, { verb: 'list', responseObject: { kind: 'ConfigMapList' } });
    const text = 'x'.repeat(600_000);
    for (const name of ['large-1', 'large-2']) {
      await client.ask(MAPS, {
        method: 'POST',
        body: JSON.stringify({ metadata: { name }, data: { text } }),
        headers: json,
      });
    }
    events.splice(0);
    await client.ask(MAPS);
    const [long] = await logged(1);
    assert.equal(long?.['responseObject'], undefined);
    assert.match(JSON.stringify(long?.['annotations']), /response-left-out/);
  });

  it('has nothing of what a secret holds, and both stages', async () => {
    const body = JSON.stringify({ metadata: { name: 's' }, stringData: { word: 'opensesame' } });
    await client.ask('/api/v1/namespaces/default/secrets', { method: 'POST', body, headers: json });
    const both = await logged(2);
    assert.deepEqual(
      both.map(({ stage, level }) => [stage, level]),
      [
        ['RequestReceived', 'Metadata'],
        ['ResponseComplete', 'Metadata'],
      ],
    );
    assert.ok(!JSON.stringify(both).includes('opensesame'));
  });

  it('has what was refused, and to whom', async () => {
    const headers = { authorization: 'Bearer anna-token' };
    const anna = new RawClient({ ...(await adminAccess(server)), client: undefined });
    await anna.ask(MAPS, { headers });
    await anna.ask(MAPS, { headers: { authorization: 'Bearer nonsense' } });
    anna.close();
    const [forbidden, unknown] = await logged(2);
    assert.partialDeepStrictEqual(forbidden, {
      user: { username: 'anna' },
      responseStatus: { code: 403, reason: 'Forbidden', status: 'Failure' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    });
    assert.partialDeepStrictEqual(unknown, { user: {}, responseStatus: { code: 401, reason: 'Unauthorized' } });
  });

  it('has both names of who acts in another’s', async () => {
    await client.ask(MAPS, { headers: { 'impersonate-user': 'anna' } });
    const [event] = await logged(1);
    assert.partialDeepStrictEqual(event, {
      user: { username: 'kubernetes-admin' },
      impersonatedUser: { username: 'anna' },
      responseStatus: { code: 403 },
    });
  });

  it('has the beginning and the end of a watch', async () => {
    await client.ask(`${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=0`);
    const stages = (await logged(2)).map(({ stage, verb }) => `${String(verb)} ${String(stage)}`);
    assert.deepEqual(stages, ['watch ResponseStarted', 'watch ResponseComplete']);
  });

  it('has what admission policies note, and which of them would have refused', async () => {
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const matchConstraints = {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
    };
    const policy = {
      metadata: { name: 'watchful' },
      spec: {
        matchConstraints,
        validations: [{ expression: "object.metadata.name != 'odd'", message: 'odd names are odd' }],
        auditAnnotations: [{ key: 'name', valueExpression: "'named ' + object.metadata.name" }],
      },
    };
    const binding = { metadata: { name: 'watchful' }, spec: { policyName: 'watchful', validationActions: ['Audit'] } };
    await client.ask(policies, { method: 'POST', body: JSON.stringify(policy), headers: json });
    const bound = { method: 'POST', body: JSON.stringify(binding), headers: json };
    await client.ask(policies.replace('policies', 'policybindings'), bound);
    events.splice(0);
    await client.ask(MAPS, { method: 'POST', body: JSON.stringify({ metadata: { name: 'odd' } }), headers: json });
    const [event] = await logged(1);
    assert.partialDeepStrictEqual(event, {
      responseStatus: { code: 201 },
      annotations: { 'watchful/name': 'named odd' },
    });
    assert.match(JSON.stringify(event?.['annotations']), /validation_failure.*odd names are odd/);
  });

  it('leaves out what the policy does not name', async () => {
    await client.ask('/version');
    await client.ask(`${MAPS}/c`, { method: 'DELETE' });
    const [event] = await logged(1);
    assert.partialDeepStrictEqual(event, { verb: 'delete', level: 'Request', stage: 'RequestReceived' });
    const [, end] = await logged(2);
    assert.equal(end?.['responseObject'], undefined);
  });
});
