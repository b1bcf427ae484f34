/** Services between fake pods on two hosts, in the kernel: what a client sees. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import type { ServiceCIDR } from '../../../api/types/networking.v1.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createLog } from '../../../lib/log.ts';
import { IpProcess } from '../../../node-agent/network/ip-command.ts';
import { PodNetwork } from '../../../node-agent/network/pod-network.ts';
import type { Sysctls } from '../../../node-agent/network/port.ts';
import { ConntrackProcess } from '../../../node-agent/proxy/conntrack.ts';
import { TABLE } from '../../../node-agent/proxy/layout.ts';
import { NftProcess } from '../../../node-agent/proxy/nft.ts';
import type { NftStep } from '../../../node-agent/proxy/port.ts';
import { ServiceProxy } from '../../../node-agent/proxy/service-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { endpointOf, FakeCluster, serviceOf, SETTINGS } from '../../support/fake-cluster.ts';
import { onHost, sh, TestNetwork } from '../../support/network-hosts.ts';

const log = createLog('error');
const BRIDGE = 'cni0';
const TUNNEL = 'dure-vxlan';
const HTTP = [{ port: 8080, protocol: 'TCP' }];
const ECHO = [{ port: 5353, protocol: 'UDP' }];

/** Answers TCP 8080 and UDP 5353 with "name client-address". */
const SERVER = `
const [name] = process.argv.slice(1);
require('net').createServer((s) => { s.on('error', () => {}); s.end(name + ' ' + s.remoteAddress.replace('::ffff:', '')); }).listen(8080, '0.0.0.0', () => {
  const u = require('dgram').createSocket('udp4');
  u.on('message', (m, r) => u.send(name + ' ' + r.address, r.port, r.address));
  u.bind(5353, '0.0.0.0', () => console.log('ready'));
});`;

/** Connects once and prints the answer, or the error's code. */
const CLIENT = `
const [host, port] = process.argv.slice(1);
const s = require('net').connect({ host, port: Number(port), timeout: 3000 });
let said = '';
s.on('data', (d) => (said += d)).on('end', () => console.log(said)).on('error', (e) => console.log(e.code)).on('timeout', () => { console.log('TIMEOUT'); s.destroy(); });`;

/** Asks each time a line comes in, always from the same port. */
const UDP_CLIENT = `
const [host, port] = process.argv.slice(1);
const u = require('dgram').createSocket('udp4');
u.on('message', (m) => console.log(String(m)));
u.on('error', (e) => console.log(e.code));
u.connect(Number(port), host, () => console.log('ready'));
process.stdin.on('data', () => u.send('?', () => {}));
process.stdin.on('end', () => process.exit());`;

class HostSysctls implements Sysctls {
  private readonly host: string;
  constructor(host: string) {
    this.host = host;
  }
  async read(name: string): Promise<string | undefined> {
    return (await sh('ip', 'netns', 'exec', this.host, 'cat', `/proc/sys/${name}`)).trim();
  }
  async write(name: string, value: string): Promise<void> {
    await sh('ip', 'netns', 'exec', this.host, 'sh', '-c', `echo ${value} > /proc/sys/${name}`);
  }
}

class Lines {
  private readonly ready: string[] = [];
  private readonly waiting: ((line: string) => void)[] = [];
  constructor(child: ChildProcess) {
    child.stdout?.on('data', (data: Buffer) => {
      for (const line of data.toString().trim().split('\n')) {
        const next = this.waiting.shift();
        if (next) next(line);
        else this.ready.push(line);
      }
    });
  }
  next(): Promise<string> {
    const line = this.ready.shift();
    return line === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(line);
  }
}

for (const link of ['one link', 'two links'] as const) {
  describe(`services between hosts on ${link}`, function () {
    this.timeout(15_000);
    const network = new TestNetwork();
    const cluster = new FakeCluster();
    const children: ChildProcess[] = [];
    const components: { stop(): Promise<void> }[] = [];
    const namespaces: Record<string, string> = {};
    const address: Record<string, string> = {
      a1: '10.244.1.2',
      a2: '10.244.1.3',
      b1: '10.244.2.2',
      b2: '10.244.2.3',
    };
    const outside = '203.0.113.9';
    const hostAddress = { a: '192.0.2.1', b: link === 'one link' ? '192.0.2.2' : '198.51.100.2' };
    let proxies: ServiceProxy[] = [];
    let nfts: NftProcess[] = [];
    let directory: string;

    const program = (where: string, code: string, ...args: string[]): ChildProcess => {
      const [first = '', ...rest] = [...onHost(namespaces[where] ?? ''), process.execPath, '-e', code, ...args];
      const child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(child);
      return child;
    };
    const connect = (from: string, to: string, port: number): Promise<string> =>
      new Lines(program(from, CLIENT, to, String(port))).next();
    const settled = (): Promise<unknown> => Promise.all(proxies.map((proxy) => proxy.whenSettled()));
    const endpoint = (pod: string, more = {}) =>
      endpointOf(address[pod] ?? '', { nodeName: `node-${pod[0]}`, ...more });

    const startProxy = async (host: 'a' | 'b'): Promise<ServiceProxy> => {
      const prefix = onHost(namespaces[host] ?? '');
      const nft = new NftProcess({ table: TABLE, log, prefix });
      const proxy = new ServiceProxy({
        nodeName: `node-${host}`,
        settings: SETTINGS,
        desired: cluster,
        nft,
        conntrack: new ConntrackProcess({ prefix }),
        clock: systemClock,
        log,
        registry: new Registry(),
        bridge: BRIDGE,
        tunnel: TUNNEL,
      });
      await proxy.start();
      proxies.push(proxy);
      nfts.push(nft);
      return proxy;
    };

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'dure-network-'));
      for (const name of ['fabric', 'a', 'b', 'a1', 'a2', 'b1', 'b2', 'out'])
        namespaces[name] = await network.namespace(name);
      const { fabric = '', a = '', b = '', out = '' } = namespaces;
      await network.bridge(fabric, 'br0', '192.0.2.254/24');
      await network.bridge(fabric, 'br1', '198.51.100.254/24');
      await network.bridge(fabric, 'br2', '203.0.113.254/24');
      await sh('ip', 'netns', 'exec', fabric, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
      const other = link === 'one link' ? 'br0' : 'br1';
      await network.join(a, `${hostAddress.a}/24`, { namespace: fabric, bridge: 'br0' });
      await network.join(b, `${hostAddress.b}/24`, { namespace: fabric, bridge: other });
      await network.join(out, `${outside}/24`, { namespace: fabric, bridge: 'br2' });
      await sh('ip', '-n', a, 'route', 'add', 'default', 'via', '192.0.2.254');
      await sh('ip', '-n', b, 'route', 'add', 'default', 'via', other === 'br0' ? '192.0.2.254' : '198.51.100.254');
      await sh('ip', '-n', out, 'route', 'add', 'default', 'via', '203.0.113.254');
      for (const [host, third] of [
        ['a', 1],
        ['b', 2],
      ] as const) {
        const namespace = namespaces[host] ?? '';
        await network.bridge(namespace, BRIDGE, `10.244.${third}.1/24`);
        for (const pod of [`${host}1`, `${host}2`]) {
          await network.join(namespaces[pod] ?? '', `${address[pod]}/24`, { namespace, bridge: BRIDGE });
          await sh('ip', '-n', namespaces[pod] ?? '', 'route', 'add', 'default', 'via', `10.244.${third}.1`);
        }
        cluster.node(`node-${host}`, `10.244.${third}.0/24`, hostAddress[host]);
      }
      cluster.markSynced();
      for (const host of ['a', 'b'] as const) {
        const namespace = namespaces[host] ?? '';
        const pods = new PodNetwork({
          nodeName: `node-${host}`,
          settings: SETTINGS,
          nodes: cluster.nodes,
          servicecidrs: cluster.servicecidrs,
          ip: new IpProcess({ tunnelDevice: TUNNEL, prefix: onHost(namespace) }),
          sysctls: new HostSysctls(namespace),
          clock: systemClock,
          log,
          cniDirectory: join(directory, host),
          ipamDirectory: join(directory, `${host}-ipam`),
          bridge: BRIDGE,
          tunnel: TUNNEL,
        });
        const reconciled = new Promise<void>((resolve) => void pods.onReconciled(resolve));
        components.push(pods);
        await pods.start();
        await reconciled;
        assert.equal(pods.whyNotReady, undefined);
        await startProxy(host);
      }
      for (const pod of Object.keys(address)) assert.equal(await new Lines(program(pod, SERVER, pod)).next(), 'ready');
      await settled();
    });

    after(async () => {
      for (const component of [...components, ...proxies, ...nfts]) await component.stop();
      for (const child of children) child.kill('SIGKILL');
      await network.close();
      await rm(directory, { recursive: true, force: true });
    });

    it('lets pods reach each other by their own addresses, without translation', async () => {
      assert.equal(await connect('a1', address['b1'] ?? '', 8080), `b1 ${address['a1']}`);
      assert.equal(await connect('b2', address['a2'] ?? '', 8080), `a2 ${address['b2']}`);
    });

    it('gives pods the address of their node towards the outside', async () => {
      program('out', SERVER, 'out');
      let said = 'ECONNREFUSED';
      for (let attempt = 0; attempt < 50 && said === 'ECONNREFUSED'; attempt++)
        said = await connect('a1', outside, 8080);
      assert.equal(said, `out ${hostAddress.a}`);
    });

    it('writes a CNI configuration with the pod CIDR of the node', async () => {
      const conflist = JSON.parse(await readFile(join(directory, 'a', '10-dure.conflist'), 'utf8')) as {
        plugins: { type: string; mtu?: number; ipam?: { ranges: { subnet: string }[][] } }[];
      };
      assert.equal(conflist.plugins[0]?.ipam?.ranges[0]?.[0]?.subnet, '10.244.1.0/24');
      assert.equal(conflist.plugins[0]?.mtu, link === 'one link' ? 1500 : 1450);
    });

    it('carries a cluster address to a pod on the other host, with the client’s address', async () => {
      cluster.service('default/web', { clusterIP: '10.96.1.1', ports: [{ port: 80, protocol: 'TCP' }] });
      cluster.endpoints('default/web', HTTP, [endpoint('b1')]);
      await settled();
      assert.equal(await connect('a1', '10.96.1.1', 80), `b1 ${address['a1']}`);
      assert.equal(await connect('b2', '10.96.1.1', 80), `b1 ${address['b2']}`);
      assert.match(await connect('a', '10.96.1.1', 80), /^b1 /);
      assert.match(await connect('b', '10.96.1.1', 80), /^b1 /);
    });

    it('brings a pod back to itself through its service', async () => {
      cluster.endpoints('default/web', HTTP, [endpoint('a1')]);
      await settled();
      assert.match(await connect('a1', '10.96.1.1', 80), /^a1 /);
      assert.equal(await connect('a2', '10.96.1.1', 80), `a1 ${address['a2']}`);
    });

    it('sends no new connection to an endpoint that left, and refuses when none is there', async () => {
      cluster.endpoints('default/web', HTTP, [endpoint('a1'), endpoint('b1'), endpoint('b2')]);
      await settled();
      cluster.endpoints('default/web', HTTP, [endpoint('b1'), endpoint('a1', { conditions: { ready: false } })]);
      await settled();
      for (let attempt = 0; attempt < 8; attempt++) assert.match(await connect('a2', '10.96.1.1', 80), /^b1 /);
      cluster.endpoints('default/web', HTTP, []);
      await settled();
      for (const from of ['a2', 'b1', 'a']) assert.equal(await connect(from, '10.96.1.1', 80), 'ECONNREFUSED');
      assert.equal(await connect('a2', '10.96.1.99', 80), 'ECONNREFUSED');
    });

    it('serves node ports on every node and address, hiding the client only where it must', async () => {
      const ports = [{ port: 80, protocol: 'TCP', nodePort: 30080 }];
      cluster.service('default/np', { type: 'NodePort', clusterIP: '10.96.1.2', ports });
      cluster.endpoints('default/np', HTTP, [endpoint('b1')]);
      await settled();
      assert.equal((await connect('out', hostAddress.b, 30080)).split(' ')[0], 'b1');
      assert.match(await connect('out', hostAddress.a, 30080), /^b1 /);
      assert.match(await connect('a', '127.0.0.1', 30080), /^b1 /);
      assert.match(await connect('a', hostAddress.a, 30080), /^b1 /);
      assert.match(await connect('a1', hostAddress.b, 30080), /^b1 /);

      cluster.service('default/np', {
        type: 'NodePort',
        clusterIP: '10.96.1.2',
        ports,
        externalTrafficPolicy: 'Local',
      });
      await settled();
      assert.equal(await connect('out', hostAddress.b, 30080), `b1 ${outside}`);
      assert.equal(await connect('out', hostAddress.a, 30080), 'TIMEOUT');
      assert.match(await connect('a1', hostAddress.a, 30080), /^b1 /);

      cluster.endpoints('default/np', HTTP, []);
      await settled();
      assert.equal(await connect('out', hostAddress.a, 30080), 'ECONNREFUSED');
    });

    it('lets only those reach a load balancer who are in its source ranges', async () => {
      const key = 'default/balanced';
      const balanced = (...loadBalancerSourceRanges: string[]): void => {
        const ports = [{ port: 8081, protocol: 'TCP' }];
        const spec = { type: 'LoadBalancer', clusterIP: '10.96.1.6', ports, loadBalancerSourceRanges };
        const status = { loadBalancer: { ingress: [{ ip: hostAddress.a }] } };
        cluster.services.set(key, { ...serviceOf(key, spec), status });
      };
      const reached = async (from: string): Promise<string> => {
        await settled();
        return (await connect(from, hostAddress.a, 8081)).split(' ')[0] ?? '';
      };
      balanced();
      cluster.endpoints(key, HTTP, [endpoint('b1')]);
      assert.equal(await reached('out'), 'b1');
      balanced('203.0.113.0/24', '203.0.113.64/26');
      assert.equal(await reached('out'), 'b1');
      balanced('203.0.113.128/25');
      assert.deepEqual(await Promise.all([reached('out'), reached('a1')]), ['TIMEOUT', 'TIMEOUT']);
      assert.match(await connect('a1', '10.96.1.6', 8081), /^b1 /, 'the cluster address is not meant');
      // What another proxy finds in the kernel is taken for what it is, and changed.
      for (const component of [...proxies, ...nfts]) await component.stop();
      proxies = [];
      nfts = [];
      for (const host of ['a', 'b'] as const) await startProxy(host);
      balanced('203.0.113.128/25', `${outside}/32`);
      assert.equal(await reached('out'), 'b1');
      cluster.services.delete(key);
      await settled();
    });

    it('moves a UDP client that keeps its port on to another endpoint', async () => {
      cluster.service('default/echo', { clusterIP: '10.96.1.3', ports: [{ port: 53, protocol: 'UDP' }] });
      cluster.endpoints('default/echo', ECHO, [endpoint('b1')]);
      await settled();
      const client = program('a1', UDP_CLIENT, '10.96.1.3', '53');
      const lines = new Lines(client);
      assert.equal(await lines.next(), 'ready');
      client.stdin?.write('x');
      assert.equal(await lines.next(), `b1 ${address['a1']}`);
      cluster.endpoints('default/echo', ECHO, [endpoint('a2')]);
      await settled();
      client.stdin?.write('x');
      assert.equal(await lines.next(), `a2 ${address['a1']}`);
      client.stdin?.end();
    });

    it('sends the next attempt of a connection elsewhere when its endpoint is gone without a word', async () => {
      const ports = [{ port: 80, protocol: 'TCP' }];
      cluster.service('default/lost', { clusterIP: '10.96.1.5', ports });
      const lost = '10.244.2.77';
      const { a = '', b = '' } = namespaces;
      // As with a host that lost its power: what is sent there is answered by nothing.
      await sh('ip', '-n', b, 'route', 'add', 'blackhole', `${lost}/32`);
      cluster.endpoints('default/lost', HTTP, [{ ...endpoint('b1'), addresses: [lost] }]);
      await settled();
      const answer = connect('a1', '10.96.1.5', 80);
      const attempts = ['conntrack', '-L', '-p', 'tcp', '--state', 'SYN_SENT', '--reply-src', lost];
      await eventually('a connection is attempted', async () =>
        (await sh('ip', 'netns', 'exec', a, ...attempts)).includes(`src=${lost}`) ? true : undefined,
      );
      cluster.endpoints('default/lost', HTTP, [endpoint('b1')]);
      assert.equal(await answer, `b1 ${address['a1']}`);
    });

    describe('with session affinity', () => {
      const offer = async (affinity: object, ...pods: string[]): Promise<void> => {
        const ports = [{ port: 80, protocol: 'TCP', nodePort: 30_004 }];
        cluster.service('default/sticky', { type: 'NodePort', clusterIP: '10.96.1.4', ports, ...affinity });
        cluster.endpoints(
          'default/sticky',
          HTTP,
          pods.map((pod) => endpoint(pod)),
        );
        await settled();
      };
      const lasting = (timeoutSeconds: number): object => ({
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds } },
      });
      const nft = (...args: string[]): Promise<string> =>
        sh('ip', 'netns', 'exec', namespaces['a'] ?? '', 'nft', ...args);
      const remembered = (family: string): Promise<string> => nft('list', 'map', 'ip', TABLE, `${family}_affinity`);
      const ask = async (): Promise<string> => (await connect('a1', '10.96.1.4', 80)).split(' ')[0] ?? '';
      const stays = async (name: string): Promise<void> => {
        for (let attempt = 0; attempt < 5; attempt++) assert.equal(await ask(), name);
      };
      /** With at least half of the draws going elsewhere, the chance to miss this is below one in 2^30. */
      const sometimesLeaves = async (name: string, before: () => Promise<unknown>): Promise<void> => {
        for (let attempt = 0; attempt < 30; attempt++) {
          await before();
          if ((await ask()) !== name) return;
        }
        assert.fail(`always sent to ${name}`);
      };

      it('keeps a client with its endpoint, whatever becomes of others', async () => {
        await offer(lasting(10_800), 'a2', 'b1', 'b2');
        const first = await ask();
        await stays(first);
        const [other = '', another = ''] = ['a2', 'b1', 'b2'].filter((pod) => pod !== first);
        await offer(lasting(10_800), first, another);
        await stays(first);
        await offer(lasting(10_800), other);
        await stays(other);
        await offer(lasting(10_800), first, other, another);
        await stays(other);
      });

      it('holds for node ports too', async () => {
        const told = await connect('out', hostAddress.a, 30_004);
        for (let attempt = 0; attempt < 5; attempt++) assert.equal(await connect('out', hostAddress.a, 30_004), told);
        assert.match(await remembered('nodeports'), /203\.0\.113\.9 \. tcp \. 30004 timeout 3h expires/);
      });

      it('ends when it is switched off, and begins when it is switched on', async () => {
        const first = await ask();
        await offer({ sessionAffinity: 'None' }, 'a2', 'b1', 'b2');
        await sometimesLeaves(first, () => Promise.resolve());
        await offer(lasting(100), 'a2', 'b1', 'b2');
        await stays(await ask());
      });

      it('forgets a client after its timeout, and draws for it anew', async () => {
        await offer(lasting(1), 'a2', 'b1', 'b2');
        await nft('flush', 'map', 'ip', TABLE, 'services_affinity');
        const first = await ask();
        await eventually('the client is forgotten', async () =>
          (await remembered('services')).includes('elements') ? undefined : true,
        );
        await offer(lasting(100), 'a2', 'b1', 'b2');
        await sometimesLeaves(first, () => nft('flush', 'map', 'ip', TABLE, 'services_affinity'));
      });

      it('still serves clients when there is no room to remember them', async () => {
        const others = Array.from({ length: 65_536 }, (_, at) => `10.9.${at >> 8}.${at & 255}`);
        const elements = others.map((client) => `${client} . 10.96.1.4 . tcp . 80 : 8192`);
        const file = join(directory, 'full.nft');
        await nft('flush', 'map', 'ip', TABLE, 'services_affinity');
        await writeFile(file, `add element ip ${TABLE} services_affinity { ${elements.join(', ')} }`);
        await nft('-f', file);
        await sometimesLeaves(await ask(), () => Promise.resolve());
        await nft('flush', 'map', 'ip', TABLE, 'services_affinity');
      });
    });

    it('knows every block of service addresses, and refuses what no service has of it', async () => {
      const ports = [{ port: 80, protocol: 'TCP' }];
      const further = { metadata: { name: 'further' }, spec: { cidrs: ['172.30.0.0/24', 'fd00:30::/112'] } };
      cluster.service('default/further', { clusterIP: '172.30.0.1', ports });
      cluster.endpoints('default/further', HTTP, [endpoint('b1')]);
      cluster.servicecidrs.set('further', { ...further, status: {} } as ServiceCIDR);
      await settled();
      await eventually('the node has a way to the block', async () =>
        (await sh('ip', '-n', namespaces['a'] ?? '', 'route')).includes('172.30.0.0/24') ? true : undefined,
      );
      assert.match(await connect('a', '172.30.0.1', 80), /^b1 /);
      assert.equal(await connect('a1', '172.30.0.1', 80), `b1 ${address['a1']}`);
      assert.equal(await connect('a1', '172.30.0.9', 80), 'ECONNREFUSED');
      cluster.servicecidrs.set('further', {
        ...further,
        spec: { cidrs: ['172.30.0.0/16'] },
        status: {},
      } as ServiceCIDR);
      await settled();
      assert.equal(await connect('a1', '172.30.9.9', 80), 'ECONNREFUSED');
      cluster.servicecidrs.delete('further');
      await eventually('the way is gone', async () =>
        (await sh('ip', '-n', namespaces['a'] ?? '', 'route')).includes('172.30.') ? undefined : true,
      );
    });

    it('leaves no gap when the agent restarts, and adopts what it finds', async () => {
      cluster.endpoints('default/web', HTTP, [endpoint('b1'), endpoint('b2')]);
      await settled();
      const [old, other] = proxies;
      const [oldNft, otherNft] = nfts;
      assert.ok(old && other && oldNft && otherNft);
      const before = await oldNft.read();
      await old.stop();
      await oldNft.stop();
      assert.match(await connect('a1', '10.96.1.1', 80), /^b[12] /);
      proxies = [other];
      nfts = [otherNft];
      const commits: NftStep[] = [];
      const restarted = await startProxy('a');
      const nft = nfts.at(-1);
      assert.ok(nft);
      const commit = nft.commit.bind(nft);
      nft.commit = (steps) => {
        commits.push(...steps);
        return commit(steps);
      };
      await restarted.whenSettled();
      assert.deepEqual(
        commits.filter(({ step }) => step !== 'remove-chain'),
        [],
      );
      assert.deepEqual((await nft.read())?.elements, before?.elements);
    });

    it('programs everything again after somebody flushed the ruleset', async () => {
      await sh('ip', 'netns', 'exec', namespaces['a'] ?? '', 'nft', 'flush', 'ruleset');
      let said = '';
      for (let attempt = 0; attempt < 50 && !said.startsWith('b'); attempt++)
        said = await connect('a1', '10.96.1.1', 80);
      assert.match(said, /^b[12] /);
    });
  });
}
