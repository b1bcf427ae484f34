/** Verbs that carry bytes: cp, port-forward, proxy. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl } from '../../support/kubectl.ts';
import { localContainers } from '../../support/local-containers.ts';

const POD = `
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  nodeName: node-1
  containers: [{name: c, image: i, ports: [{name: web, containerPort: 1}]}]
`;

describe('verbs that carry bytes', function () {
  this.timeout(60_000);
  let server: TestServer;
  let inside: string;
  let outside: string;

  before(async () => {
    inside = mkdtempSync(join(tmpdir(), 'dure-inside-'));
    outside = mkdtempSync(join(tmpdir(), 'dure-outside-'));
    server = await TestServer.start({ tunnels: localContainers(inside) });
    await dure(server.kubeconfig, ['create', '-f', '-'], {
      stdin: 'apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n',
    });
    const created = await dure(server.kubeconfig, ['create', '-f', '-'], { stdin: POD });
    assert.equal(created.code, 0, created.stderr);
    const status = JSON.stringify({ status: { phase: 'Running' } });
    const patched = await kubectl(server.kubeconfig, [
      'patch',
      'pod',
      'p',
      '--subresource=status',
      '--type=merge',
      '-p',
      status,
    ]);
    assert.equal(patched.code, 0, patched.stderr);
  });

  after(async () => {
    await server.stop();
    rmSync(inside, { recursive: true });
    rmSync(outside, { recursive: true });
  });

  const cp = async (from: string, to: string): Promise<void> => {
    const { code, stderr } = await dure(server.kubeconfig, ['cp', from, to]);
    assert.equal(code, 0, stderr);
  };

  describe('cp', () => {
    it('brings a tree there and back, whatever its names are', async () => {
      const long = `${'n'.repeat(120)}.bin`;
      const content = randomBytes(3 * 1024 * 1024);
      mkdirSync(join(outside, 'tree/deep'), { recursive: true });
      writeFileSync(join(outside, 'tree/deep', long), content);
      writeFileSync(join(outside, 'tree/empty'), '');
      writeFileSync(join(outside, 'tree/run.sh'), '#!/bin/sh\n');
      chmodSync(join(outside, 'tree/run.sh'), 0o755);
      await cp(join(outside, 'tree'), `p:${inside}/copied`);
      assert.deepEqual(readFileSync(join(inside, 'copied/deep', long)), content);
      assert.equal(statSync(join(inside, 'copied/run.sh')).mode & 0o777, 0o755);
      await cp(`p:${inside}/copied`, join(outside, 'back'));
      assert.deepEqual(readFileSync(join(outside, 'back/deep', long)), content);
      assert.equal(readFileSync(join(outside, 'back/empty'), 'utf8'), '');
      assert.equal(statSync(join(outside, 'back/run.sh')).mode & 0o777, 0o755);
    });

    it('puts a file into a directory that is there, and under the new name otherwise', async () => {
      writeFileSync(join(outside, 'one'), '1');
      mkdirSync(join(inside, 'box'));
      await cp(join(outside, 'one'), `default/p:${inside}/box`);
      await cp(join(outside, 'one'), `p:${inside}/box/two`);
      assert.equal(readFileSync(join(inside, 'box/one'), 'utf8'), '1');
      assert.equal(readFileSync(join(inside, 'box/two'), 'utf8'), '1');
      mkdirSync(join(outside, 'here'));
      await cp('p:box/two', join(outside, 'here'));
      assert.equal(readFileSync(join(outside, 'here/two'), 'utf8'), '1');
    });

    it('writes nothing outside of the target, and through no link', async () => {
      mkdirSync(join(inside, 'evil'));
      symlinkSync('/etc', join(inside, 'evil/etc'));
      writeFileSync(join(inside, 'evil/plain'), 'x');
      const { code, stderr } = await dure(server.kubeconfig, ['cp', `p:${inside}/evil`, join(outside, 'evil')]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /skipping symlink/);
      assert.equal(existsSync(join(outside, 'evil/etc')), false);
      assert.equal(readFileSync(join(outside, 'evil/plain'), 'utf8'), 'x');
    });

    it('says what is wrong', async () => {
      const said = async (from: string, to: string): Promise<string> => {
        const { code, stderr } = await dure(server.kubeconfig, ['cp', from, to]);
        assert.equal(code, 1);
        return stderr;
      };
      assert.match(await said('p:nothere', join(outside, 'x')), /nothere/);
      assert.match(await said(join(outside, 'nothere'), 'p:x'), /doesn't exist in local filesystem/);
      assert.match(await said('p:a', 'p:b'), /one of src or dest must be a local file specification/);
      assert.match(await said(join(outside, 'one'), 'nobody:x'), /pods "nobody" not found/);
      assert.match(await said(join(outside, 'one'), `p:${inside}/no/such/place`), /no\/such|exit status/);
    });
  });

  describe('port-forward', () => {
    const ask = async (port: number, question: string): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.end(question);
      return text(socket);
    };

    it('carries connections, many at once, and goes on after one that is refused', async () => {
      const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
      await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
      const { port } = echo.address() as AddressInfo;
      const unused = createServer();
      await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
      const { port: nobody } = unused.address() as AddressInfo;
      await new Promise((resolve) => unused.close(resolve));
      const stop = new AbortController();
      const ports: number[] = [];
      const ready = Promise.withResolvers<void>();
      let said = '';
      const forwarding = dure(
        server.kubeconfig,
        ['port-forward', 'pod/p', `:${port}`, `:${nobody}`, '--address=127.0.0.1'],
        {
          interrupt: stop.signal,
          onOutput(piece) {
            said += piece;
            ports.splice(0, 2, ...[...said.matchAll(/127\.0\.0\.1:(\d+) ->/g)].map(([, local]) => Number(local)));
            if (ports.length === 2) ready.resolve();
          },
        },
      );
      await ready.promise;
      const [good = 0, bad = 0] = ports;
      assert.equal(await ask(bad, 'x').catch(() => ''), '');
      const long = 'z'.repeat(2 * 1024 * 1024);
      const answers = await Promise.all(['a', 'b', long].map((question) => ask(good, question)));
      assert.deepEqual(
        answers.map(({ length }) => length),
        [1, 1, long.length],
      );
      stop.abort();
      const { code, stderr } = await forwarding;
      assert.equal(code, 0);
      assert.match(stderr, new RegExp(`forwarding ${nobody}: .*ECONNREFUSED`));
      echo.close();
    });

    it('says what is wrong with ports', async () => {
      for (const [port, words] of [
        ['x', /does not have a named port 'x'/],
        ['0', /invalid port format '0'/],
        ['1:2:3', /invalid port format/],
        ['70000', /invalid port format/],
      ] as const) {
        const { code, stderr } = await dure(server.kubeconfig, ['port-forward', 'p', port]);
        assert.equal(code, 1);
        assert.match(stderr, words);
      }
    });
  });

  it('proxy asks in the name of the user, for pages of this machine only', async () => {
    const stop = new AbortController();
    const ready = Promise.withResolvers<string>();
    const proxying = dure(server.kubeconfig, ['proxy', '--port=0'], {
      interrupt: stop.signal,
      onOutput: (piece) => ready.resolve(/on (\S+)/.exec(piece)?.[1] ?? ''),
    });
    const base = `http://${await ready.promise}`;
    const pod = (await (await fetch(`${base}/api/v1/namespaces/default/pods/p`)).json()) as { kind: string };
    assert.equal(pod.kind, 'Pod');
    const created = await fetch(`${base}/api/v1/namespaces/default/configmaps`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { name: 'made' } }),
    });
    assert.equal(created.status, 201);
    const refused = async (path: string): Promise<number> => (await fetch(base + path)).status;
    assert.equal(await refused('/api/v1/namespaces/default/pods/p/exec?command=sh'), 403);
    assert.equal(await refused('/api/v1/namespaces/default/pods/p/%65xec?command=sh'), 403);
    assert.equal(await statusWithHost(base, 'evil.example'), 403);
    stop.abort();
    assert.equal((await proxying).code, 0);
  });

  async function statusWithHost(base: string, host: string): Promise<number> {
    const { hostname, port } = new URL(base);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /version HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return Number((await text(socket)).split(' ')[1]);
  }
});
