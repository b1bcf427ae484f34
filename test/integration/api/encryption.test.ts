/** What `dure server` keeps on disk of secrets, and how its keys are changed. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Secret } from '../../../api/types/core.v1.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { systemClock } from '../../../lib/clock.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { ServerHost, type ServerProcess } from '../../support/server-process.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const HIDDEN = 'opensesame-opensesame-opensesame';
const OPEN = 'nothing-to-hide-nothing-to-hide';

describe('secrets on disk', function () {
  this.timeout(120_000);
  let host: ServerHost;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  beforeEach(async () => {
    host = await ServerHost.make();
  });
  afterEach(() => host?.remove());

  async function started(): Promise<{ server: ServerProcess; client: RestClient }> {
    const server = host.run();
    await server.ready();
    const access = await adminAccess({ kubeconfig: path.join(host.dataDir, 'pki', 'admin.kubeconfig') });
    return { server, client: new RestClient({ access, clock: systemClock, userAgent: 'test' }) };
  }

  async function ended({ server, client }: { server: ServerProcess; client: RestClient }): Promise<void> {
    client.close();
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  }

  async function onDisk(text: string): Promise<boolean> {
    const directory = path.join(host.dataDir, 'etcd');
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    const contents = files
      .filter((file) => file.isFile())
      .map((file) => readFile(path.join(file.parentPath, file.name)));
    return (await Promise.all(contents)).some((bytes) => bytes.includes(text));
  }

  const read = async (client: RestClient): Promise<string> =>
    Buffer.from((await client.get<Secret>(`${NAMESPACE}/secrets/s`)).data?.['word'] ?? '', 'base64').toString();

  it('are encrypted from the first start on, and follow a change of keys', async () => {
    const first = await started();
    await first.client.create('/api/v1/namespaces', { metadata: { name: 'default' } }).catch(() => undefined);
    await first.client.create(`${NAMESPACE}/secrets`, { metadata: { name: 's' }, stringData: { word: HIDDEN } });
    await first.client.create(`${NAMESPACE}/configmaps`, { metadata: { name: 'c' }, data: { word: OPEN } });
    assert.equal(await read(first.client), HIDDEN);
    await ended(first);
    assert.ok(await onDisk(OPEN), 'what is not encrypted can be found, so what is not found is encrypted');
    assert.ok(!(await onDisk(HIDDEN)));
    assert.ok(!(await onDisk(Buffer.from(HIDDEN).toString('base64'))));

    const file = path.join(host.dataDir, 'encryption.yaml');
    const text = await readFile(file, 'utf8');
    const fresh = `- name: fresh\n              secret: ${Buffer.alloc(32, 3).toString('base64')}`;
    const both = text.replace('- name: key1', `${fresh}\n            - name: key1`);
    assert.notEqual(both, text);
    await writeFile(file, both);
    const second = await started();
    await second.server.logged('sealed stored values with the present key');
    assert.equal(await read(second.client), HIDDEN);
    await ended(second);

    await writeFile(file, both.replace(/ *- name: key1\n *secret: .*\n/, ''));
    const third = await started();
    assert.equal(await read(third.client), HIDDEN);
    await ended(third);
  });

  it('can not be read without their key, which the server says when its file is wrong', async () => {
    const file = path.join(host.dataDir, 'encryption.yaml');
    await writeFile(file, 'kind: Nonsense\n');
    const { code, said } = await host.run().ended;
    assert.equal(code, 1);
    assert.match(said.join('\n'), /encryption.yaml: apiVersion must be apiserver.config.k8s.io\/v1/);
  });
});
