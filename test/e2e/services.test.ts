/** Services, names and addresses, between three real hosts. */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import { TestCluster } from '../support/cluster.ts';
import { SLEEP, busybox, deployment, hello, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const NODES = ['node-1', 'node-2', 'node-3'] as const;

describe('services', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 3 });
    session = await Session.open(cluster, 'net');
    const clients = NODES.map((node) => pod(`client-${node}`, { labels: { app: 'client' }, spec: on(node) }));
    await session.apply(manifest(...clients, deployment('web', { replicas: 3, podSpec: SPREAD }), service('web')));
    await session.wait('--for=condition=Ready pod -l app=client');
    await session.wait('--for=condition=Available deployment/web');
  });
  after(() => cluster?.stop());

  /** Asks from a pod on that node. Not with the option -T, with which Debian 12's busybox crashes. */
  const fetch = (node: string, url: string): Promise<string> =>
    session.sh(`client-${node}`, `timeout 2 wget -q -O - ${url}`);

  const fetchFromHost = (host: string, url: string): Promise<string> =>
    cluster.local.host(host).run('timeout', '2', 'busybox', 'wget', '-q', '-O', '-', url);

  const addressOf = (name: string): Promise<string> => session.field(`pod ${name}`, '.status.podIP');
  const clusterIpOf = (name: string): Promise<string> => session.field(`service ${name}`, '.spec.clusterIP');

  /** Which of the pods answer, asked often enough that each is asked. */
  async function answering(node: string, url: string, times = 30): Promise<Set<string>> {
    const script = `for i in $(seq ${times}); do timeout 2 wget -q -O - ${url} || echo failed; done`;
    return new Set((await session.sh(`client-${node}`, script)).trim().split('\n'));
  }

  const podNames = async (selector: string): Promise<string[]> =>
    (await session.field(`pods -l ${selector}`, '.items[*].metadata.name')).split(' ').toSorted();

  const hellos = async (selector: string): Promise<Set<string>> =>
    new Set((await podNames(selector)).map((name) => `Hello from ${name}`));

  it('answer on their address in every pod, from all of their pods', async () => {
    const url = `http://${await clusterIpOf('web')}/cgi-bin/index.cgi`;
    for (const node of NODES) assert.deepEqual(await answering(node, url), await hellos('app=web'));
  });

  it('answer on their address on every host', async () => {
    const url = `http://${await clusterIpOf('web')}/healthz`;
    for (const node of NODES) assert.equal(await fetchFromHost(node, url), 'ok\n');
  });

  it('answer on an address of a further range, on every host and in pods, and keep a client with its pod there', async () => {
    const further = { metadata: { name: 'further' }, spec: { cidrs: ['172.30.0.0/24'] } };
    await session.apply(manifest({ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', ...further }));
    const affinity = { sessionAffinity: 'ClientIP', clusterIP: '172.30.0.7', selector: { app: 'web' } };
    // Every server allocates from the range as soon as it has seen it.
    await session.eventually(async () => void (await session.apply(manifest(service('further', affinity)))));
    for (const node of NODES) {
      await session.eventually(async () => {
        assert.equal(await fetchFromHost(node, 'http://172.30.0.7/healthz'), 'ok\n');
      });
      assert.equal((await answering(node, 'http://172.30.0.7/cgi-bin/index.cgi', 10)).size, 1);
    }
    await session.run('delete --wait=false service/further servicecidr/further');
  });

  it('answer by every form of their name', async () => {
    for (const name of ['web', 'web.net', 'web.net.svc', 'web.net.svc.cluster.local', 'web.net.svc.cluster.local.']) {
      assert.equal(await fetch('node-2', `http://${name}/healthz`), 'ok\n', name);
    }
  });

  it('have ports of the node, on every node, from outside', async () => {
    await session.apply(manifest(service('open', { type: 'NodePort', selector: { app: 'web' } })));
    const port = await session.field('service open', '.spec.ports[0].nodePort');
    for (const node of NODES) {
      const address = await session.field(`node ${node}`, '.status.addresses[?(@.type=="InternalIP")].address');
      await session.eventually(async () => {
        assert.equal(await fetchFromHost('server-1', `http://${address}:${port}/healthz`), 'ok\n');
      });
      assert.equal(await fetch('node-1', `http://${address}:${port}/healthz`), 'ok\n');
    }
  });

  it('find target ports by name, each pod its own', async () => {
    const named = (name: string, port: number): object =>
      pod(name, {
        labels: { app: 'named' },
        spec: {
          containers: [
            hello({ ports: [{ name: 'http', containerPort: port }], env: [{ name: 'PORT', value: String(port) }] }),
          ],
        },
      });
    const ports = [{ name: 'front', port: 80, targetPort: 'http' }];
    await session.apply(manifest(named('named-a', 8081), named('named-b', 8082), service('named', { ports })));
    await session.wait('--for=condition=Ready pod -l app=named');
    await session.eventually(async () => {
      assert.deepEqual(await answering('node-3', 'http://named/cgi-bin/index.cgi', 20), await hellos('app=named'));
    });
  });

  it('carry UDP, beside TCP on the same port', async () => {
    // No program in the images speaks UDP, so these pods use the host's own.
    const onHostFiles = (command: string[]): object => ({
      volumes: [{ name: 'host', hostPath: { path: '/' } }],
      containers: [busybox('c', '', { command, volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true }] })],
    });
    const run = (script: string): string[] => ['chroot', '/host', process.execPath, '-e', script];
    const ports = ['UDP', 'TCP'].map((protocol) => ({
      name: protocol.toLowerCase(),
      protocol,
      port: 7,
      targetPort: 7000,
    }));
    const client = pod('udp-client', { spec: onHostFiles(['sleep', '1000']) });
    const echo = pod('echo', { spec: onHostFiles(run(ECHO_SERVER)) });
    await session.apply(manifest(client, echo, service('echo', { ports })));
    await session.wait('--for=condition=Ready pod/echo pod/udp-client');
    const address = await clusterIpOf('echo');
    await session.eventually(async () => {
      assert.equal(await session.sh('client-node-1', `nc -w 2 ${address} 7 < /dev/null`), 'tcp');
    });
    const ask = ['exec', 'udp-client', '--', 'timeout', '5', ...run(askByUdp(address))];
    assert.equal(await session.run(ask), `hi from ${await addressOf('udp-client')}\n`);
  });

  it('lead where they are told to when they have no selector', async () => {
    const address = await addressOf('client-node-3');
    await session.run([
      'exec',
      'client-node-3',
      '--',
      'sh',
      '-c',
      'mkdir -p /www; echo manual > /www/index.html; httpd -p 8000 -h /www',
    ]);
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'manual-1', labels: { 'kubernetes.io/service-name': 'manual' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8000, protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    };
    const manual = service('manual', { selector: undefined, ports: [{ port: 80 }] });
    await session.apply(manifest(manual, slice));
    await session.eventually(async () => assert.equal(await fetch('node-1', 'http://manual'), 'manual\n'));
  });

  it('reach the pod that asks, too', async () => {
    await session.apply(
      manifest(pod('mirror', { spec: { containers: [hello()] } }), service('self', { selector: { app: 'mirror' } })),
    );
    await session.wait('--for=condition=Ready pod/mirror');
    await session.eventually(async () => {
      assert.equal(
        await session.sh('mirror', 'timeout 2 wget -q -O - http://self/cgi-bin/index.cgi'),
        'Hello from mirror\n',
      );
    });
  });

  it('without an address of their own are the addresses of their pods', async () => {
    await session.apply(
      manifest(service('bare', { clusterIP: 'None', selector: { app: 'web' }, ports: [{ name: 'http', port: 8080 }] })),
    );
    const addresses = (await session.field('pods -l app=web', '.items[*].status.podIP')).split(' ').toSorted();
    await session.eventually(async () => {
      assert.deepEqual((await dig('bare.net.svc.cluster.local')).toSorted(), addresses);
    });
    const records = await dig('_http._tcp.bare.net.svc.cluster.local', 'SRV');
    assert.equal(records.length, 3);
    for (const record of records) {
      const target = /^0 \d+ 8080 (\S+)\.$/.exec(record)?.[1] ?? '';
      assert.match(target, /\.bare\.net\.svc\.cluster\.local$/);
      assert.equal((await dig(target)).length, 1);
    }
  });

  it('have records of address, port and pointer', async () => {
    const address = await clusterIpOf('web');
    assert.deepEqual(await dig('web.net.svc.cluster.local'), [address]);
    assert.deepEqual(await dig(`${address.split('.').toReversed().join('.')}.in-addr.arpa`, 'PTR'), [
      'web.net.svc.cluster.local.',
    ]);
    assert.deepEqual(await dig('nothing.net.svc.cluster.local'), []);
    assert.deepEqual(await dig('kubernetes.default.svc.cluster.local'), ['10.96.0.1']);
    assert.deepEqual(await dig('_https._tcp.kubernetes.default.svc.cluster.local', 'SRV'), [
      '0 100 443 kubernetes.default.svc.cluster.local.',
    ]);
  });

  it('lose a pod that is not ready, and get it back', async () => {
    const [first = '', ...rest] = await podNames('app=web');
    await session.run(['exec', first, '--', 'mv', '/www/healthz', '/www/hidden']);
    await session.wait(`--for=condition=Ready=false pod/${first}`);
    await session.eventually(async () => {
      assert.deepEqual(
        await answering('node-1', 'http://web/cgi-bin/index.cgi'),
        new Set(rest.map((name) => `Hello from ${name}`)),
      );
    });
    await session.run(['exec', first, '--', 'mv', '/www/hidden', '/www/healthz']);
    await session.wait(`--for=condition=Ready pod/${first}`);
    await session.eventually(async () => {
      assert.deepEqual(await answering('node-1', 'http://web/cgi-bin/index.cgi'), await hellos('app=web'));
    });
  });

  it('refuse when nobody is there to answer', async () => {
    await session.apply(manifest(service('nobody')));
    await session.eventually(async () => {
      const { stderr } = await session.try([
        'exec',
        'client-node-1',
        '--',
        'timeout',
        '5',
        'wget',
        '-q',
        '-O',
        '-',
        'http://nobody',
      ]);
      assert.match(stderr, /Connection refused/);
    });
  });

  it('fail no request while they are updated', async () => {
    const drained = {
      podSpec: { ...SPREAD, terminationGracePeriodSeconds: 10 },
      spec: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    };
    const container = { env: [{ name: 'DRAIN_SECONDS', value: '1' }] };
    await session.apply(manifest(deployment('busy', { replicas: 2, ...drained, container }), service('busy')));
    await session.wait('--for=condition=Available deployment/busy');
    await session.eventually(async () => assert.equal(await fetch('node-1', 'http://busy/healthz'), 'ok\n'));
    const loop = 'until [ -e /tmp/stop ]; do timeout 5 wget -q -O - http://busy/cgi-bin/index.cgi || echo failed; done';
    const asking = session.sh('client-node-1', loop);
    await session.run(`set image deployment/busy hello=${IMAGES.hello2}`);
    await session.run('rollout status deployment busy --timeout=60s');
    await session.sh('client-node-1', 'touch /tmp/stop');
    const answers = (await asking).trim().split('\n');
    assert.deepEqual(
      answers.filter((line) => !/^(Hello|Howdy) from busy-/.test(line)),
      [],
    );
    assert.ok(answers.some((line) => line.startsWith('Hello')) && answers.some((line) => line.startsWith('Howdy')));
  });

  describe('pods', () => {
    const WHO = [
      'mkdir -p /www/cgi-bin',
      `printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' > /www/cgi-bin/who`,
      'chmod +x /www/cgi-bin/who',
      'httpd -p 8080 -h /www',
      SLEEP,
    ].join('; ');

    it('reach each other on all hosts by their own addresses', async () => {
      const listeners = NODES.map((node) =>
        pod(`who-${node}`, {
          labels: { app: 'who' },
          spec: { terminationGracePeriodSeconds: 1, ...on(node), containers: [busybox('c', WHO)] },
        }),
      );
      await session.apply(manifest(...listeners, service('who')));
      await session.wait('--for=condition=Ready pod -l app=who');
      for (const from of NODES) {
        const seen = new RegExp(`^(\\[::ffff:)?${await addressOf(`client-${from}`)}\\]?\n$`);
        for (const to of NODES) {
          const url = `http://${await addressOf(`who-${to}`)}:8080/cgi-bin/who`;
          await session.eventually(async () => assert.match(await fetch(from, url), seen, `${from} to ${to}`));
        }
        assert.match(await fetch(from, 'http://who/cgi-bin/who'), seen);
      }
    });

    it('have names from hostname and subdomain', async () => {
      const spec = { hostname: 'db', subdomain: 'store', containers: [busybox('c', SLEEP)] };
      await session.apply(
        manifest(pod('named-pod', { labels: { app: 'store' }, spec }), service('store', { clusterIP: 'None' })),
      );
      await session.wait('--for=condition=Ready pod/named-pod');
      const address = await addressOf('named-pod');
      await session.eventually(async () => {
        assert.deepEqual(await dig('db.store.net.svc.cluster.local'), [address]);
      });
      assert.equal(await session.sh('named-pod', 'hostname; hostname -f'), 'db\ndb.store.net.svc.cluster.local\n');
      assert.deepEqual(await dig(`${address.replaceAll('.', '-')}.net.pod.cluster.local`), [address]);
    });

    it('know further names from hostAliases', async () => {
      const spec = { hostAliases: [{ ip: '192.0.2.7', hostnames: ['alias.test', 'other.test'] }] };
      await session.apply(manifest(pod('aliased', { spec })));
      await session.wait('--for=condition=Ready pod/aliased');
      assert.match(await session.sh('aliased', 'cat /etc/hosts'), /^192\.0\.2\.7\talias\.test\tother\.test$/m);
    });

    it('ask the servers that their dnsPolicy says', async () => {
      const none = {
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['192.0.2.53'], searches: ['a.test'], options: [{ name: 'ndots', value: '2' }] },
      };
      const first = { dnsConfig: { searches: ['b.test'] } };
      await session.apply(
        manifest(
          pod('dns-none', { spec: none }),
          pod('dns-first', { spec: first }),
          pod('dns-default', { spec: { dnsPolicy: 'Default' } }),
        ),
      );
      await session.wait('--for=condition=Ready pod/dns-none pod/dns-first pod/dns-default');
      assert.equal(
        await session.sh('dns-none', 'cat /etc/resolv.conf'),
        'search a.test\nnameserver 192.0.2.53\noptions ndots:2\n',
      );
      const clusterFirst = await session.sh('dns-first', 'cat /etc/resolv.conf');
      assert.match(clusterFirst, /^search net\.svc\.cluster\.local svc\.cluster\.local cluster\.local (.* )?b\.test$/m);
      assert.match(clusterFirst, /^nameserver 10\.96\.0\.10$/m);
      assert.match(clusterFirst, /^options ndots:5$/m);
      assert.doesNotMatch(await session.sh('dns-default', 'cat /etc/resolv.conf'), /10\.96\.0\.10|cluster\.local/);
    });

    it('share the network of their host when told to', async () => {
      const spec = {
        hostNetwork: true,
        dnsPolicy: 'ClusterFirstWithHostNet',
        ...on('node-2'),
        containers: [hello({ env: [{ name: 'PORT', value: '18080' }], ports: [], readinessProbe: undefined })],
      };
      await session.apply(manifest(pod('on-host', { spec })));
      await session.wait('--for=condition=Ready pod/on-host');
      const address = await session.field('node node-2', '.status.addresses[?(@.type=="InternalIP")].address');
      assert.equal(await addressOf('on-host'), address);
      await session.eventually(async () => {
        assert.equal(await fetch('node-1', `http://${address}:18080/cgi-bin/index.cgi`), 'Hello from node-2\n');
      });
      assert.equal(await session.sh('on-host', 'timeout 5 wget -q -O - http://web.net/healthz'), 'ok\n');
    });

    it('have ports of their host', async () => {
      const spec = {
        ...on('node-3'),
        containers: [hello({ ports: [{ name: 'http', containerPort: 8080, hostPort: 18081 }] })],
      };
      await session.apply(manifest(pod('host-port', { spec })));
      await session.wait('--for=condition=Ready pod/host-port');
      const address = await session.field('node node-3', '.status.addresses[?(@.type=="InternalIP")].address');
      for (const host of ['server-1', 'node-1', 'node-3']) {
        assert.equal(
          await fetchFromHost(host, `http://${address}:18081/cgi-bin/index.cgi`),
          'Hello from host-port\n',
          host,
        );
      }
      await session.apply(manifest(pod('same-port', { spec })));
      await session.wait('--for=condition=PodScheduled=false pod/same-port');
      assert.match(await session.run('describe pod same-port'), /didn't have free ports for the requested pod ports/);
    });
  });

  /** What the cluster's DNS answers on a node: the values of the records. */
  async function dig(name: string, type = 'A'): Promise<string[]> {
    const text = await cluster.local.host('node-1').run('dig', '+short', '+time=2', '@10.96.0.10', name, type);
    return text
      .trim()
      .split('\n')
      .filter((line) => line !== '');
  }
});

const SPREAD = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ],
};

function on(node: string): { nodeSelector: Record<string, string> } {
  return { nodeSelector: { 'kubernetes.io/hostname': node } };
}

const ECHO_SERVER = `
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (message, { address, port }) => udp.send(message + ' from ' + address, port, address));
udp.bind(7000);
require('node:net').createServer((socket) => socket.end('tcp')).listen(7000);
`;

function askByUdp(address: string): string {
  return `
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (message) => { console.log(String(message)); udp.close(); });
udp.send('hi', 7, '${address}');
`;
}
