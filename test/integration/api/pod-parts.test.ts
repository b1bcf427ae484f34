/** Subresources of pods that change one part of them, and bindings in their older place. */
import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { APIResourceList, Status } from '../../../api/types/meta.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { adminAccess, RawClient } from '../../support/raw-requests.ts';

const PODS = '/api/v1/namespaces/default/pods';
const STRATEGIC = 'application/strategic-merge-patch+json';

describe('parts of a pod', () => {
  let server: TestServer;
  let client: RawClient;

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
    const resources = { requests: { cpu: '1' } };
    const spec = { containers: [{ name: 'c', image: 'i', resources }] };
    await ask('POST', PODS, 201, { metadata: { name: 'p' }, spec });
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  const ask = async <T = KubeObject & Pod>(
    method: string,
    path: string,
    code: number,
    body?: object,
    type = 'application/json',
  ): Promise<T> => {
    const sent = body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {};
    const answer = await client.ask(path, { method, ...sent });
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  };

  const settled = async (): Promise<void> => {
    for (const kind of [kinds.limitranges, kinds.resourcequotas])
      await server.registry.of(kind as Kind).cache.whenFresh();
  };

  it('ephemeral containers are added by patch and by update, and stay', async () => {
    const path = `${PODS}/p/ephemeralcontainers`;
    const first = { spec: { ephemeralContainers: [{ name: 'e', image: 'debug:1', targetContainerName: 'c' }] } };
    const patched = await ask('PATCH', path, 200, first, STRATEGIC);
    assert.equal(patched.spec.ephemeralContainers?.[0]?.imagePullPolicy, 'IfNotPresent');
    assert.equal(patched.metadata.generation, 2);
    patched.spec.ephemeralContainers!.push({ name: 'f', image: 'debug:1' } as never);
    patched.spec.containers[0]!.image = 'ignored';
    const updated = await ask('PUT', path, 200, patched);
    assert.deepEqual(
      updated.spec.ephemeralContainers?.map(({ name }) => name),
      ['e', 'f'],
    );
    assert.equal(updated.spec.containers[0]!.image, 'i');
    assert.deepEqual((await ask('GET', path, 200)).spec.ephemeralContainers, updated.spec.ephemeralContainers);
    const emptied = { ...updated, spec: { ...updated.spec, ephemeralContainers: [] } };
    const refused = await ask<Status>('PUT', path, 422, emptied);
    assert.match(refused.message ?? '', /existing ephemeral containers "e" may not be removed/);
  });

  it('resources are changed through resize and nowhere else', async () => {
    const change = { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '2' } } }] } };
    await ask('PATCH', `${PODS}/p`, 422, change, STRATEGIC);
    const resized = await ask('PATCH', `${PODS}/p/resize`, 200, change, STRATEGIC);
    assert.deepEqual(resized.spec.containers[0]!.resources.requests, { cpu: '2' });
    const other = { spec: { containers: [{ name: 'c', resources: { requests: { cpu: null } } }] } };
    await ask('PATCH', `${PODS}/p/resize`, 422, other, STRATEGIC);
  });

  it('have owners, and are applied', async () => {
    await ask('POST', PODS, 201, { metadata: { name: 'o' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const config = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'o', labels: { no: 'body' } },
      spec: { ephemeralContainers: [{ name: 'e', image: 'debug:1' }] },
    };
    const path = `${PODS}/o/ephemeralcontainers?fieldManager=look`;
    const applied = await ask('PATCH', path, 200, config, 'application/apply-patch+yaml');
    assert.equal(applied.metadata.labels, undefined);
    const own = applied.metadata.managedFields?.find(({ manager }) => manager === 'look');
    assert.equal(own?.subresource, 'ephemeralcontainers');
    const fields = own.fieldsV1 as unknown as Record<string, Record<string, unknown>>;
    assert.deepEqual(
      [Object.keys(fields), Object.keys(fields['f:spec'] ?? {})],
      [['f:spec'], ['f:ephemeralContainers']],
    );
  });

  it('are held to limits and quotas when they grow', async () => {
    const namespace = '/api/v1/namespaces/tight';
    await ask('POST', '/api/v1/namespaces', 201, { metadata: { name: 'tight' } });
    const resources = { requests: { cpu: '1' }, limits: { cpu: '4' } };
    const spec = { containers: [{ name: 'c', image: 'i', resources }] };
    await ask('POST', `${namespace}/pods`, 201, { metadata: { name: 'p' }, spec });
    const limits = [{ type: 'Container', max: { cpu: '5' } }];
    await ask('POST', `${namespace}/limitranges`, 201, { metadata: { name: 'l' }, spec: { limits } });
    await ask('POST', `${namespace}/resourcequotas`, 201, { metadata: { name: 'q' }, spec: { hard: { cpu: '2' } } });
    const counted = { status: { hard: { cpu: '2' }, used: { cpu: '1' } } };
    await ask('PATCH', `${namespace}/resourcequotas/q/status`, 200, counted, 'application/merge-patch+json');
    const grow = (requests: string, max: string): object => ({
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: requests }, limits: { cpu: max } } }] },
    });
    await settled();
    const much = await ask<Status>('PATCH', `${namespace}/pods/p/resize`, 403, grow('1', '6'), STRATEGIC);
    assert.match(much.message ?? '', /maximum cpu usage per Container is 5, but limit is 6/);
    const over = await ask<Status>('PATCH', `${namespace}/pods/p/resize`, 403, grow('3', '4'), STRATEGIC);
    assert.match(over.message ?? '', /exceeded quota: q, requested: cpu=2, used: cpu=1, limited: cpu=2/);
    await ask('PATCH', `${namespace}/pods/p/resize`, 200, grow('2', '4'), STRATEGIC);
  });

  it('a binding posted to the namespace gives the pod its node', async () => {
    const { resources } = await ask<APIResourceList>('GET', '/api/v1', 200);
    assert.deepEqual(resources.find(({ name }) => name === 'bindings')?.verbs, ['create']);
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
    const path = '/api/v1/namespaces/default/bindings';
    const status = await ask<Status>('POST', path, 201, binding);
    assert.equal(status.status, 'Success');
    assert.equal((await ask('GET', `${PODS}/p`, 200)).spec.nodeName, 'n1');
    await ask('POST', path, 409, binding);
  });
});
