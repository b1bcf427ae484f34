/** Server-side apply to custom resources: their schemas say which lists have keys and which are owned as a whole. */
import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { TestServer } from '../../support/api-server.ts';
import { definitionRunner } from '../../support/definition-controller.ts';
import { adminAccess, RawClient, type RawAnswer } from '../../support/raw-requests.ts';

const GROUP = 'apply.example.com';
const NAME = `tabs.${GROUP}`;
const text = { type: 'string' };

const spec = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    cronSpec: text,
    steps: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: text },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      items: {
        type: 'object',
        required: ['containerPort', 'protocol'],
        properties: { containerPort: { type: 'integer' }, protocol: text, name: text },
      },
    },
  },
};

function version(name: string, storage: boolean): object {
  const status = { type: 'object', properties: { ready: { type: 'boolean' } } };
  const openAPIV3Schema = { type: 'object', properties: { spec, status } };
  return { name, served: true, storage, schema: { openAPIV3Schema }, subresources: { status: {} } };
}

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: NAME },
  spec: {
    group: GROUP,
    scope: 'Cluster',
    names: { plural: 'tabs', kind: 'Tab' },
    versions: [version('v1', true), version('v1beta1', false)],
  },
};

interface Tab extends KubeObject {
  spec: { replicas?: number; steps?: string[]; ports?: { containerPort: number; name?: string }[] };
}

describe('apply to custom resources', () => {
  let server: TestServer;
  let client: RawClient;
  let runner: Runner;

  function whenEstablished(): Promise<void> {
    const { view } = server.registry.resource(kinds.customresourcedefinitions);
    return new Promise((resolve) => {
      const look = (): void => {
        const conditions = view.get(NAME)?.status.conditions ?? [];
        if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
        end();
        resolve();
      };
      const end = view.subscribe(look);
      look();
    });
  }

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
    runner = definitionRunner(server.registry, () => server.whenFresh());
    await runner.start();
    const headers = { 'content-type': 'application/json' };
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const { code, text: body } = await client.ask(path, { method: 'POST', headers, body: JSON.stringify(definition) });
    assert.equal(code, 201, body);
    await whenEstablished();
  });
  after(async () => {
    await runner.stop();
    client.close();
    await server.stop();
  });
  afterEach(() =>
    patch('merge', { metadata: { finalizers: [] } }).then(() => client.ask(urlOf(), { method: 'DELETE' })),
  );

  function urlOf(served = 'v1'): string {
    return `/apis/${GROUP}/${served}/tabs/t`;
  }

  function patch(how: 'merge', body: object): Promise<RawAnswer> {
    const headers = { 'content-type': `application/${how}-patch+json` };
    return client.ask(urlOf(), { method: 'PATCH', headers, body: JSON.stringify(body) });
  }

  function apply(fields: object, manager = 'one', more = '', served = 'v1'): Promise<RawAnswer> {
    const { metadata, ...rest } = fields as { metadata?: object };
    const object = { apiVersion: `${GROUP}/${served}`, kind: 'Tab', metadata: { name: 't', ...metadata }, ...rest };
    const url = `${urlOf(served)}?fieldManager=${manager}${more}`;
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    return client.ask(url, { method: 'PATCH', headers, body: JSON.stringify(object) });
  }

  async function tab(answering: Promise<RawAnswer>, code = 200): Promise<Tab> {
    const answer = await answering;
    assert.equal(answer.code, code, answer.text);
    return JSON.parse(answer.text) as Tab;
  }

  async function conflicts(answering: Promise<RawAnswer>): Promise<string[]> {
    const answer = await answering;
    assert.equal(answer.code, 409, answer.text);
    return ((JSON.parse(answer.text) as Status).details?.causes ?? []).map(({ field = '' }) => field);
  }

  const config = {
    metadata: { finalizers: ['example.com/one'] },
    spec: { cronSpec: '* * * * *', replicas: 1, ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }] },
  };

  it('merges finalizers as a set and ports by their keys, in each version', async () => {
    await tab(apply(config), 201);
    const beta = await tab(apply({ spec: config.spec, metadata: config.metadata }, 'one', '', 'v1beta1'));
    assert.deepEqual(
      beta.metadata.managedFields?.map(({ apiVersion }) => apiVersion),
      [`${GROUP}/v1beta1`],
    );
    await tab(patch('merge', { metadata: { finalizers: ['example.com/one', 'example.com/two'] } }));
    const again = await tab(apply(config));
    assert.deepEqual(again.metadata.finalizers, ['example.com/one', 'example.com/two']);
    assert.deepEqual(
      await conflicts(apply({ spec: { ports: [{ name: 'y', containerPort: 80, protocol: 'TCP' }] } }, 'two')),
      ['.spec.ports[containerPort=80,protocol="TCP"].name'],
    );
    const added = await tab(apply({ spec: { ports: [{ name: 'y', containerPort: 8080, protocol: 'TCP' }] } }, 'two'));
    assert.deepEqual(
      added.spec.ports?.map(({ containerPort }) => containerPort),
      [80, 8080],
    );
  });

  it('conflicts about fields that the schema does not declare, too', async () => {
    await tab(apply(config), 201);
    await tab(patch('merge', { spec: { replicas: 5 } }));
    assert.deepEqual(await conflicts(apply(config)), ['.spec.replicas']);
    assert.equal((await tab(apply(config, 'one', '&force=true'))).spec.replicas, 1);
  });

  it('replaces atomic lists as a whole', async () => {
    await tab(apply({ spec: { steps: ['a'] } }), 201);
    assert.deepEqual((await tab(apply({ spec: { steps: ['b'] } }, 'two', '&force=true'))).spec.steps, ['b']);
  });

  it('refuses fields that the schema leaves no room for', async () => {
    const answer = await apply({ unknownField: 1, metadata: { unknownMeta: 1 } });
    assert.equal(answer.code, 400);
    assert.match(answer.text, /\.unknownField: field not declared in schema/);
    assert.match(answer.text, /\.metadata\.unknownMeta: field not declared in schema/);
  });

  it('keeps the status to its subresource', async () => {
    const made = await tab(apply({ ...config, status: { ready: true } }), 201);
    assert.doesNotMatch(JSON.stringify(made.metadata.managedFields), /f:status/);
  });
});
