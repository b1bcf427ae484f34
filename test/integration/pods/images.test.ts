/** Images on a real containerd: from a registry that asks for a password, and off the disk when nobody uses them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { IMAGES, REGISTRY_NAME } from '../../../cli/local/images.ts';
import { registryConfig } from '../../../cli/local/registry.ts';
import type { Pod, PodSpec } from '../../../api/types/core.v1.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { ImageCollector } from '../../../node-agent/images/collector.ts';
import { createSite, type TestSite } from '../../support/host.ts';
import { RealNode } from './real-node.ts';

const PORT = 5001;
/** `reader` with the password `open sesame`, by bcrypt, the only hash that the registry takes. */
const PASSWORDS = 'reader:$2b$04$5Rl2q8oEVkKS0OcVW10Iy.Ch10ewPxEkkHTy2Tfi70mH3PLFwy7QK\n';

function pod(name: string, image: string, spec: Partial<PodSpec> = {}): Pod {
  const container = { name: 'main', image, command: ['sleep', '1000'], imagePullPolicy: 'IfNotPresent', resources: {} };
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: { containers: [container], restartPolicy: 'Always', terminationGracePeriodSeconds: 1, ...spec },
    status: {},
  };
}

describe('images on containerd', function () {
  this.timeout(60_000);
  let site: TestSite;
  let node: RealNode;
  let registry: ChildProcess;
  let address: string;

  before(async () => {
    site = await createSite({ name: 'images' });
    const [host] = site.hosts;
    assert.ok(host);
    address = `${site.topology.uplinkAddress}:${PORT}`;
    registry = await serveWithPassword(site, address, host.directory);
    node = new RealNode(host);
    await node.manager.start();
  });
  after(async () => {
    registry?.kill();
    await node?.close();
    await site?.destroy();
  });

  it('are pulled with the secret of the pod, and not without', async () => {
    const image = IMAGES.hello.replace(REGISTRY_NAME, address);
    const login = (password: string): string => {
      const auths = { [address]: { auth: Buffer.from(`reader:${password}`).toString('base64') } };
      return Buffer.from(JSON.stringify({ auths })).toString('base64');
    };
    const secret = (name: string, password: string): void =>
      node.secrets.set(`default/${name}`, {
        metadata: { name, namespace: 'default' },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': login(password) },
      });
    secret('right', 'open sesame');
    secret('wrong', 'open barley');
    node.apply(pod('stranger', image));
    node.apply(pod('liar', image, { imagePullSecrets: [{ name: 'wrong' }] }));
    const isRefused = (name: string): boolean =>
      ['ErrImagePull', 'ImagePullBackOff'].includes(node.container(name)?.state.waiting?.reason ?? '');
    await node.until('both are refused', () => isRefused('stranger') && isRefused('liar'));
    assert.match(node.container('stranger')?.state.waiting?.message ?? '', /authorization failed|unauthorized|401/i);
    node.apply(pod('guest', image, { imagePullSecrets: [{ name: 'right' }] }));
    await node.until('the image is there', () => node.isRunning('guest'));
  });

  it('go when the disk is full, but for those that a pod or the runtime needs', async () => {
    await node.runtime.pullImage(IMAGES.hello2, undefined);
    node.apply(pod('user', IMAGES.busybox));
    await node.until('a pod runs', () => node.isRunning('user'));
    const has = async (image: string): Promise<boolean> => (await node.runtime.imageStatus(image)) !== undefined;
    assert.equal(await has(IMAGES.hello2), true);
    const collector = new ImageCollector({
      runtime: node.runtime,
      named: () => [IMAGES.pause],
      disk: () => Promise.resolve({ capacityBytes: 2 ** 40, availableBytes: 0 }),
      policy: { highPercent: 85, lowPercent: 80, minAge: 0 },
      onShort: () => undefined,
      clock: systemClock,
      log: silentLog,
    });
    const { remove } = await collector.collect();
    assert.equal(remove.length, 1);
    assert.deepEqual(
      [await has(IMAGES.hello2), await has(IMAGES.busybox), await has(IMAGES.pause)],
      [false, true, true],
    );
    assert.ok(node.isRunning('user'));
  });
});

/** A registry of the same images beside the site's own. */
async function serveWithPassword({ topology }: TestSite, address: string, host: string): Promise<ChildProcess> {
  const directory = path.join(topology.directory, 'registry');
  const place = { host: topology.uplinkAddress, port: PORT, directory };
  const passwords = path.join(directory, 'passwords');
  const file = path.join(directory, 'private.json');
  const auth = { htpasswd: { realm: 'test', path: passwords } };
  writeFileSync(passwords, PASSWORDS);
  writeFileSync(file, JSON.stringify({ ...registryConfig(place), auth }));
  const url = `http://${address}`;
  const settings = path.join(host, 'containerd', 'registries', address);
  mkdirSync(settings, { recursive: true });
  const hosts = `server = "${url}"\n[host."${url}"]\ncapabilities = ["pull", "resolve"]\n`;
  writeFileSync(path.join(settings, 'hosts.toml'), hosts);
  const child = spawn('docker-registry', ['serve', file], { stdio: 'ignore' });
  await once(child, 'spawn');
  for (let left = 200; left > 0; left -= 1) {
    // Not listening yet: asked again.
    const status = await fetch(`${url}/v2/`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 401) return child;
    await setTimeout(50);
  }
  child.kill();
  throw new Error('the registry with a password does not answer');
}
