/** The CNI configuration in the hands of the packaged plugins. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conflistOf, writeConflist } from '../../../node-agent/network/cni.ts';
import { onHost, sh, TestNetwork } from '../../support/network-hosts.ts';

const PLUGINS = '/usr/lib/cni';

describe('the CNI configuration', () => {
  const network = new TestNetwork();
  let directory: string;
  before(async () => void (directory = await mkdtemp(join(tmpdir(), 'dure-cni-'))));
  after(async () => {
    await network.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('is written once, and gives a pod an address of the node with the bridge as its gateway', async () => {
    const host = await network.namespace('host');
    const pod = await network.namespace('pod');
    const conflist = conflistOf({
      podCidr: '10.244.7.0/24',
      bridge: 'cni0',
      mtu: 1450,
      ipamDirectory: join(directory, 'ipam'),
    });
    assert.equal(await writeConflist(directory, conflist), true);
    assert.equal(await writeConflist(directory, conflist), false);
    const written = JSON.parse(await readFile(join(directory, '10-dure.conflist'), 'utf8')) as {
      cniVersion: string;
      name: string;
      plugins: object[];
    };
    const config = { cniVersion: written.cniVersion, name: written.name, ...written.plugins[0] };
    const result = JSON.parse(await addPod(host, pod, config)) as { ips: { address: string; gateway: string }[] };
    assert.deepEqual(
      result.ips.map(({ address, gateway }) => [address, gateway]),
      [['10.244.7.2/24', '10.244.7.1']],
    );
    assert.match(await sh('ip', '-n', pod, 'route'), /^default via 10\.244\.7\.1 dev eth0/);
    assert.match(await sh('ip', '-n', pod, 'link', 'show', 'eth0'), /mtu 1450/);
    assert.match(await sh('bridge', '-n', host, '-d', 'link', 'show'), /hairpin on/);
  });

  function addPod(host: string, pod: string, config: object): Promise<string> {
    const words = [...onHost(host), join(PLUGINS, 'bridge')];
    const env = {
      ...process.env,
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: `test-${network.id}`,
      CNI_NETNS: `/run/netns/${pod}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: PLUGINS,
    };
    return new Promise((resolve, reject) => {
      const child = spawn(words[0] ?? '', words.slice(1), { env });
      let said = '';
      child.stdout.on('data', (data: Buffer) => (said += data.toString()));
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(said))));
      child.stdin.end(JSON.stringify(config));
    });
  }
});
