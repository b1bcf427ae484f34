/** `dure server` whose disk has no room left: what is refused says so, and nothing that was stored is lost. */
import assert from 'node:assert/strict';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { systemClock } from '../../../lib/clock.ts';
import { run } from '../../../lib/process.ts';
import { eventually } from '../../support/eventually.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { ServerHost } from '../../support/server-process.ts';

const MAPS = '/api/v1/namespaces/full/configmaps';
const DISK_BYTES = 160 << 20;
const VALUE_BYTES = 900_000;
const FREE_BYTES = 4 << 20;
/** Far more than what the disk has room for. */
const MAX_WRITES = 200;
/** etcd is started again after up to ten seconds. */
const RECOVERY_MILLISECONDS = 45_000;

function configMap(name: string, text: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } };
}

describe('dure server on a full disk', function () {
  this.timeout(120_000);
  let host: ServerHost;
  let disk: string;

  before(async function () {
    if (process.getuid?.() !== 0) this.skip();
    host = await ServerHost.make();
    disk = path.join(host.dataDir, 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk]);
  });
  after(async () => {
    await host?.end();
    await run('umount', [disk]);
    await host?.remove();
  });

  it('refuses writes, answers reads, and goes on when there is room again', async () => {
    const server = host.run('--data-dir', disk);
    await server.ready();
    const access = await adminAccess({ kubeconfig: path.join(disk, 'pki', 'admin.kubeconfig') });
    const client = new RestClient({ access, clock: systemClock, userAgent: 'test' });
    await client.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'full' } });
    const { bavail, bsize } = await statfs(disk);
    const filler = path.join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(bavail * bsize - FREE_BYTES));

    const kept: string[] = [];
    let refusal: unknown;
    while (refusal === undefined && kept.length < MAX_WRITES) {
      const name = `map-${kept.length}`;
      const made = client.create(MAPS, configMap(name, 'x'.repeat(VALUE_BYTES)));
      refusal = await made.then(
        () => void kept.push(name),
        (error: unknown) => error,
      );
    }
    assert.ok(refusal instanceof ApiError);
    assert.ok([500, 503, 504].includes(refusal.code), String(refusal.code));
    assert.match(refusal.message, /no space left on device/);
    await assert.rejects(client.get(MAPS), /no space left on device/);
    const old = await client.list<ConfigMap>(MAPS, { query: { resourceVersion: '0' } });
    assert.ok(
      old.items.some(({ metadata }) => metadata.name === 'map-0'),
      'the cache answers who does not ask for the newest',
    );

    await rm(filler);
    await eventually('writes succeed', () => client.create(MAPS, configMap('after', '')), RECOVERY_MILLISECONDS);
    const { items } = await client.list<ConfigMap>(MAPS);
    const found = new Map(items.map(({ metadata, data }) => [metadata.name, data?.['text']?.length]));
    // Of the write that was refused it was not said whether it happened; whole or not at all is both fine.
    found.delete(`map-${kept.length}`);
    found.delete('kube-root-ca.crt');
    const expected = [['after', 0], ...kept.map((name) => [name, VALUE_BYTES] as const)] as const;
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
    client.close();
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });
});
