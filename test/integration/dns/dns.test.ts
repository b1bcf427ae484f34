/** The DNS server as dig sees it. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import packet from 'dns-packet';
import { Registry } from 'prom-client';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { ClusterZone } from '../../../node-agent/dns/cluster-zone.ts';
import { DnsServer } from '../../../node-agent/dns/dns-server.ts';
import { Resolver } from '../../../node-agent/dns/resolver.ts';
import { DnsUpstream } from '../../../node-agent/dns/upstream.ts';
import { endpointOf, FakeCluster, SETTINGS } from '../../support/fake-cluster.ts';
import { sh } from '../../support/network-hosts.ts';

const POD = '127.77.0.5';

describe('cluster DNS', () => {
  const address = `127.${randomInt(100, 250)}.${randomInt(250)}.${randomInt(1, 250)}`;
  const cluster = new FakeCluster();
  const asked: string[] = [];
  let outer: dgram.Socket;
  let server: DnsServer;
  let upstream: DnsUpstream;

  /** A name server of the outside: knows github.com and big.example, denies everything else. */
  const answerOutside = (message: Buffer): Buffer => {
    const { id, questions } = packet.decode(message);
    const question = questions?.[0];
    asked.push(question?.name ?? '');
    const known = question?.name === 'github.com' && question.type === 'A';
    const denied = question?.name !== 'github.com';
    return packet.encode({
      type: 'response',
      id: id ?? 0,
      flags: packet.RECURSION_AVAILABLE | (denied ? 3 : 0),
      questions: questions ?? [],
      answers: known ? [{ type: 'A', name: 'github.com', ttl: 60, data: '203.0.113.80' }] : [],
      authorities: known
        ? []
        : [
            {
              type: 'SOA',
              name: 'com',
              ttl: 60,
              data: { mname: 'a.com', rname: 'b.com', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 },
            },
          ],
    });
  };

  const dig = async (...args: string[]): Promise<string> =>
    (await sh('dig', `@${address}`, '-p', String(server.port), '+tries=1', '+time=3', ...args)).trim();
  const short = (...args: string[]): Promise<string> => dig('+short', ...args);
  const status = async (...args: string[]): Promise<string | undefined> =>
    /status: (\w+)/.exec(await dig(...args))?.[1];

  before(async () => {
    outer = dgram.createSocket('udp4');
    outer.on('message', (message, { port, address: from }) => outer.send(answerOutside(message), port, from));
    await new Promise<void>((resolve) => outer.bind(0, '127.0.0.1', resolve));

    cluster.service('default/web', {
      clusterIP: '10.96.1.1',
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    });
    cluster.service('default/db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] });
    cluster.endpoints(
      'default/db',
      [{ name: 'sql', port: 15432, protocol: 'TCP' }],
      [
        endpointOf('10.244.1.2', { hostname: 'db-0' }),
        endpointOf('10.244.1.3'),
        endpointOf('10.244.1.4', { hostname: 'db-2', conditions: { ready: false } }),
      ],
    );
    cluster.service('default/out', { type: 'ExternalName', externalName: 'github.com' });
    cluster.service('other/far', { clusterIP: '10.96.1.3', ports: [{ port: 80 }] });
    cluster.pod('default/client', POD);
    cluster.markSynced();

    const settings = { ...SETTINGS, clusterDns: address };
    const zone = new ClusterZone({ settings, desired: cluster });
    upstream = new DnsUpstream({
      servers: [{ address: '127.0.0.1', port: outer.address().port }],
      clock: systemClock,
    });
    const resolver = new Resolver({
      zone,
      upstream,
      nodeSearches: ['corp.example'],
      clock: systemClock,
      log: silentLog,
      isReady: () => cluster.services.synced,
    });
    const registry = new Registry();
    server = new DnsServer({
      settings,
      desired: cluster,
      zone,
      resolver,
      ip: undefined,
      log: silentLog,
      registry,
      port: 0,
    });
    await server.start();
  });

  after(async () => {
    await server.stop();
    upstream.stop();
    await new Promise<void>((resolve) => outer.close(() => resolve()));
  });

  it('answers A for a cluster address, whatever the case, and echoes the spelling', async () => {
    assert.equal(await short('web.default.svc.cluster.local'), '10.96.1.1');
    const full = await dig('WeB.default.SVC.cluster.local');
    assert.match(full, /^WeB\.default\.SVC\.cluster\.local\.\s+5\s+IN\s+A\s+10\.96\.1\.1$/m);
    assert.match(full, /flags: qr aa rd ra/);
  });

  it('tells "no such name" from "no such record", both with SOA', async () => {
    const noData = await dig('AAAA', 'web.default.svc.cluster.local');
    assert.match(noData, /status: NOERROR[\s\S]*AUTHORITY: 1[\s\S]*IN\s+SOA\s+ns\.dns\.cluster\.local\./);
    const noName = await dig('nothing.default.svc.cluster.local');
    assert.match(noName, /status: NXDOMAIN[\s\S]*AUTHORITY: 1[\s\S]*SOA/);
    for (const name of ['default.svc', 'svc', '_tcp.web.default.svc'])
      assert.equal(await status(`${name}.cluster.local`), 'NOERROR');
    assert.equal(await status('nowhere.svc.cluster.local'), 'NXDOMAIN');
  });

  it('answers headless services with their ready endpoints, by hostname too', async () => {
    const addresses = (await short('db.default.svc.cluster.local')).split('\n').toSorted();
    assert.deepEqual(addresses, ['10.244.1.2', '10.244.1.3']);
    assert.equal(await short('db-0.db.default.svc.cluster.local'), '10.244.1.2');
    assert.equal(await short('10-244-1-3.db.default.svc.cluster.local'), '10.244.1.3');
    assert.equal(await status('db-2.db.default.svc.cluster.local'), 'NXDOMAIN');
  });

  it('answers SRV with the port, the target and its address', async () => {
    assert.equal(
      await short('SRV', '_http._tcp.web.default.svc.cluster.local'),
      '0 100 80 web.default.svc.cluster.local.',
    );
    const headless = await dig('SRV', '_sql._tcp.db.default.svc.cluster.local');
    assert.match(headless, /SRV\s+0 50 15432 db-0\.db\.default\.svc\.cluster\.local\./);
    assert.match(headless, /db-0\.db\.default\.svc\.cluster\.local\.\s+5\s+IN\s+A\s+10\.244\.1\.2/);
    assert.equal(await status('SRV', '_http._udp.web.default.svc.cluster.local'), 'NXDOMAIN');
  });

  it('answers PTR, TXT, NS, SOA and pod records', async () => {
    assert.equal(await short('-x', '10.96.1.1'), 'web.default.svc.cluster.local.');
    assert.equal(await short('-x', '10.244.1.2'), 'db-0.db.default.svc.cluster.local.');
    assert.equal(await status('-x', '10.96.200.1'), 'NXDOMAIN');
    assert.equal(await short('TXT', 'dns-version.cluster.local'), '"1.1.0"');
    assert.equal(await short('NS', 'cluster.local'), 'ns.dns.cluster.local.');
    assert.match(await short('SOA', 'cluster.local'), /^ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+/);
    assert.equal(await short('10-244-7-8.default.pod.cluster.local'), '10.244.7.8');
    assert.equal(await short('8-8-8-8.default.pod.cluster.local'), '8.8.8.8');
    assert.equal(await status('8-8-8.default.pod.cluster.local'), 'NXDOMAIN');
  });

  it('follows ExternalName to the outside', async () => {
    assert.equal(await short('out.default.svc.cluster.local'), 'github.com.\n203.0.113.80');
    assert.equal(await short('CNAME', 'out.default.svc.cluster.local'), 'github.com.');
  });

  it('asks the outside once and counts the time down', async () => {
    asked.length = 0;
    assert.equal(await short('github.com'), '203.0.113.80');
    assert.equal(await short('GitHub.com'), '203.0.113.80');
    assert.ok(asked.length <= 1);
    assert.equal(await status('denied.example'), 'NXDOMAIN');
    assert.equal(await status('denied.example'), 'NXDOMAIN');
    assert.equal(asked.filter((name) => name === 'denied.example').length, 1);
  });

  it('walks the search list for a pod of this node, and for nobody else', async () => {
    const name = 'github.com.default.svc.cluster.local';
    assert.equal(await status(name), 'NXDOMAIN');
    assert.equal(await short('-b', POD, name), 'github.com.\n203.0.113.80');
    assert.equal(
      await short('-b', POD, 'far.other.default.svc.cluster.local'),
      'far.other.svc.cluster.local.\n10.96.1.3',
    );
    assert.equal(await status('-b', POD, 'nothing.default.svc.cluster.local'), 'NXDOMAIN');
    assert.equal(await status('-b', POD, 'AAAA', name), 'NOERROR');
  });

  it('truncates over UDP what TCP carries whole', async () => {
    const endpoints = Array.from({ length: 200 }, (_, i) => endpointOf(`10.244.9.${i + 1}`));
    cluster.service('default/many', { clusterIP: 'None' });
    cluster.endpoints('default/many', [], endpoints);
    const name = 'many.default.svc.cluster.local';
    const cut = await dig('+ignore', '+noedns', name);
    assert.match(cut, /flags: qr aa tc/);
    assert.match(cut, /MSG SIZE {2}rcvd: (4[89]\d|50\d|51[012])\b/);
    assert.equal((await short('+tcp', name)).split('\n').length, 200);
    assert.equal((await short(name)).split('\n').length, 200);
  });

  it('shows changes at once', async () => {
    cluster.service('default/late', { clusterIP: '10.96.1.9', ports: [] });
    assert.equal(await short('late.default.svc.cluster.local'), '10.96.1.9');
    cluster.endpoints('default/db', [{ name: 'sql', port: 15432 }], [endpointOf('10.244.1.3')]);
    assert.equal(await short('db.default.svc.cluster.local'), '10.244.1.3');
    cluster.services.delete('default/late');
    assert.equal(await status('late.default.svc.cluster.local'), 'NXDOMAIN');
  });
});
