/** Subresources of pods that change one part of them, and bindings in their older place. */
import assert from 'node:assert/strict';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod } from '../../../api/schema/types/core.v1.ts';
import type { APIResourceList, Status } from '../../../api/schema/types/meta.v1.ts';
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
