/** How the parts of the control plane do, as old clients ask for it. */
import assert from 'node:assert/strict';
import type { ComponentStatus, ComponentStatusList } from '../../../api/types/core.v1.ts';
import type { APIResourceList, Table } from '../../../api/types/meta.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { kubectl } from '../../support/kubectl.ts';
import { adminAccess, RawClient, statusOf } from '../../support/raw-requests.ts';

const PATH = '/api/v1/componentstatuses';

describe('componentstatuses', () => {
  let server: TestServer;
  let client: RawClient;

  before(async () => {
    const works = (): Promise<void> => Promise.resolve();
    server = await TestServer.start({
      components: [
        { name: 'scheduler', check: works },
        { name: 'controller-manager', check: () => Promise.reject(new Error('no server leads')) },
        { name: 'etcd-0', check: works },
      ],
    });
    client = new RawClient(await adminAccess(server));
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  it('tell of each what works, what does not, and why', async () => {
    const answer = await client.ask(PATH);
    assert.equal(answer.headers['warning'], '299 - "v1 ComponentStatus is deprecated in v1.19+"');
    const { kind, items } = JSON.parse(answer.text) as ComponentStatusList;
    assert.equal(kind, 'ComponentStatusList');
    assert.deepEqual(
      items.map(({ metadata, conditions }) => [metadata.name, conditions]),
      [
        ['scheduler', [{ type: 'Healthy', status: 'True', message: 'ok' }]],
        ['controller-manager', [{ type: 'Healthy', status: 'False', error: 'no server leads' }]],
        ['etcd-0', [{ type: 'Healthy', status: 'True', message: 'ok' }]],
      ],
    );
  });

  it('are read one by one, by selector, as messages, as tables, and not otherwise', async () => {
    const one = JSON.parse((await client.ask(`${PATH}/etcd-0`)).text) as ComponentStatus;
    assert.deepEqual([one.kind, one.apiVersion, one.metadata.name], ['ComponentStatus', 'v1', 'etcd-0']);
    const selected = await client.ask(`${PATH}?fieldSelector=metadata.name%3Dscheduler`);
    assert.deepEqual((JSON.parse(selected.text) as ComponentStatusList).items.length, 1);
    const message = await client.ask(PATH, { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
    assert.equal(message.bytes.subarray(0, 4).toString('latin1'), 'k8s\0');
    assert.match(message.bytes.toString('latin1'), /no server leads/);
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    const table = JSON.parse((await client.ask(PATH, { headers: { accept } })).text) as Table;
    assert.deepEqual(
      table.columnDefinitions.map(({ name }) => name),
      ['Name', 'Status', 'Message', 'Error'],
    );
    assert.equal(statusOf(await client.ask(`${PATH}/nobody`)).message, 'componentstatuses "nobody" not found');
    assert.equal(statusOf(await client.ask(PATH, { method: 'DELETE' })).reason, 'MethodNotAllowed');
    assert.equal((await client.ask('/api/v1/namespaces/default/componentstatuses')).code, 404);
    assert.equal((await client.ask(`${PATH}/etcd-0/status`)).code, 404);
    const { resources } = JSON.parse((await client.ask('/api/v1')).text) as APIResourceList;
    const found = resources.find(({ name }) => name === 'componentstatuses');
    assert.deepEqual(found, {
      name: 'componentstatuses',
      singularName: 'componentstatus',
      namespaced: false,
      kind: 'ComponentStatus',
      verbs: ['get', 'list'],
      shortNames: ['cs'],
    });
  });

  it('are shown and explained by kubectl', async () => {
    const { stdout, stderr } = await kubectl(server.kubeconfig, ['get', 'cs']);
    assert.match(stderr, /Warning: v1 ComponentStatus is deprecated in v1\.19\+/);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));
    assert.deepEqual(rows, [
      ['NAME', 'STATUS', 'MESSAGE', 'ERROR'],
      ['scheduler', 'Healthy', 'ok'],
      ['controller-manager', 'Unhealthy', 'no server leads'],
      ['etcd-0', 'Healthy', 'ok'],
    ]);
    const explained = await kubectl(server.kubeconfig, ['explain', 'componentstatuses.conditions.error']);
    assert.match(explained.stdout, /FIELD: error <string>/, explained.stderr);
  });
});
