/** What a container is given: environment, resolv.conf, hosts file, resources, security, credentials. */
import assert from 'node:assert/strict';
import type { ConfigMap, Secret, Service } from '../../../api/types/core.v1.ts';
import { credentialsFor } from '../../../node-agent/pods/credentials.ts';
import { dnsConfigOf, parseResolvConf } from '../../../node-agent/pods/dns-config.ts';
import type { EnvironmentSources } from '../../../node-agent/pods/environment.ts';
import { environmentOf } from '../../../node-agent/pods/environment.ts';
import { expand } from '../../../node-agent/pods/expand.ts';
import { sandboxConfigOf } from '../../../node-agent/pods/sandbox-config.ts';
import { hostsFileOf, sandboxHostname } from '../../../node-agent/pods/hosts-file.ts';
import { weightOf } from '../../../node-agent/pods/cgroups.ts';
import { containerResources, qosOf } from '../../../node-agent/pods/resources.ts';
import { sandboxSecurityOf, securityOf } from '../../../node-agent/pods/security.ts';
import { rejectSysctls } from '../../../node-agent/pods/sysctls.ts';
import { container, pod } from './harness.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const settings: ConfigMap = { metadata: { name: 'settings' }, data: { color: 'red', size: 'big' } };
const login: Secret = { metadata: { name: 'login' }, data: { user: base64('ada') } };
const service = (name: string, namespace: string, clusterIP: string): Service => ({
  metadata: { name, namespace },
  spec: { clusterIP, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  status: { loadBalancer: {} },
});

function sources(change: Partial<EnvironmentSources> = {}): EnvironmentSources {
  return {
    pod: pod({ serviceAccountName: 'robot' }, { labels: { app: 'shop' } }),
    container: container(),
    nodeName: 'node-1',
    hostIps: ['192.0.2.1'],
    podIps: ['10.244.0.2'],
    nodeCapacity: { milliCpu: 2000, memoryBytes: 2 ** 32 },
    configMap: (name) => (name === 'settings' ? settings : undefined),
    secret: (name) => (name === 'login' ? login : undefined),
    services: () => [
      service('kubernetes', 'default', '10.96.0.1'),
      service('my-db', 'default', '10.96.0.7'),
      service('far', 'other', '10.96.0.8'),
    ],
    ...change,
  };
}

describe('what a container is given', () => {
  it('expands $(NAME), keeps $$ escapes and unknown names', () => {
    const known = new Map([['A', '1']]);
    assert.equal(expand('$(A) $$(A) $(B) $ $$ x$(A', known), '1 $(A) $(B) $ $ x$(A');
  });

  it('builds the environment in order, with expansion of what came before', () => {
    const env = [
      { name: 'FIRST', value: 'a$(LATER)' },
      { name: 'SECOND', value: '$(FIRST)-$(CFG_color)' },
      { name: 'LATER', value: 'x' },
      { name: 'WHO', valueFrom: { secretKeyRef: { name: 'login', key: 'user' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'absent', key: 'x', optional: true } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    ];
    const envFrom = [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }];
    const resources = { limits: { cpu: '1500m', memory: '64Mi' } };
    const result = environmentOf(sources({ container: container({ env, envFrom, resources }) }));
    assert.equal(result.get('SECOND'), 'a$(LATER)-red');
    assert.equal(result.get('CFG_size'), 'big');
    assert.equal(result.get('WHO'), 'ada');
    assert.equal(result.has('NONE'), false);
    assert.deepEqual(
      [result.get('IP'), result.get('APP'), result.get('CPU'), result.get('MEM')],
      ['10.244.0.2', 'shop', '2', '64'],
    );
  });

  it('names services of the namespace and the API, and only the API without links', () => {
    const linked = environmentOf(sources());
    assert.equal(linked.get('MY_DB_SERVICE_HOST'), '10.96.0.7');
    assert.equal(linked.get('MY_DB_PORT_80_TCP'), 'tcp://10.96.0.7:80');
    assert.equal(linked.get('MY_DB_SERVICE_PORT_HTTP'), '80');
    assert.equal(linked.has('FAR_SERVICE_HOST'), false);
    const alone = environmentOf(sources({ pod: pod({ enableServiceLinks: false }) }));
    assert.deepEqual([alone.has('MY_DB_SERVICE_HOST'), alone.get('KUBERNETES_SERVICE_HOST')], [false, '10.96.0.1']);
  });

  it('refuses what is missing in the words of Kubernetes', () => {
    const ofKey = (name: string, key: string): (() => unknown) => {
      const env = [{ name: 'X', valueFrom: { secretKeyRef: { name, key } } }];
      return () => environmentOf(sources({ container: container({ env }) }));
    };
    assert.throws(ofKey('gone', 'x'), { message: 'secret "gone" not found', reason: 'CreateContainerConfigError' });
    assert.throws(ofKey('login', 'x'), { message: "couldn't find key x in Secret default/login" });
  });

  it('writes resolv.conf by policy', () => {
    const host = parseResolvConf('# lan\nnameserver 192.0.2.53\nsearch lan.example\noptions edns0\n');
    const cluster = { clusterDomain: 'cluster.local', clusterDns: '10.96.0.10' };
    const own = {
      nameservers: ['192.0.2.54'],
      searches: ['x.example'],
      options: [{ name: 'ndots', value: '2' }, { name: 'rotate' }],
    };
    assert.deepEqual(dnsConfigOf(pod({ dnsConfig: own }), cluster, host), {
      servers: ['10.96.0.10', '192.0.2.54'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan.example', 'x.example'],
      options: ['ndots:2', 'rotate'],
    });
    assert.deepEqual(dnsConfigOf(pod({ hostNetwork: true }), cluster, host), host);
    assert.equal(
      dnsConfigOf(pod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), cluster, host).servers[0],
      '10.96.0.10',
    );
    assert.deepEqual(dnsConfigOf(pod({ dnsPolicy: 'Default' }), cluster, host), host);
    assert.deepEqual(dnsConfigOf(pod({ dnsPolicy: 'None', dnsConfig: own }), cluster, host).servers, ['192.0.2.54']);
  });

  it('writes the hosts file with the own name and aliases', () => {
    const named = pod({ hostname: 'db-0', subdomain: 'db', hostAliases: [{ ip: '192.0.2.9', hostnames: ['a', 'b'] }] });
    const text = hostsFileOf(named, ['10.244.0.2'], 'cluster.local', '');
    assert.match(text, /^10\.244\.0\.2\tdb-0\.db\.default\.svc\.cluster\.local\tdb-0$/m);
    assert.match(text, /^192\.0\.2\.9\ta\tb$/m);
    const onHost = hostsFileOf(pod({ hostNetwork: true }), ['192.0.2.1'], 'cluster.local', '127.0.0.1 localhost');
    assert.equal(onHost, '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n');
    assert.equal(sandboxHostname(pod({}, { name: `${'x'.repeat(62)}-y` }), 'cluster.local'), 'x'.repeat(62));
  });

  it('names sysctls with dots, whichever way they were written', () => {
    const names = ['kernel.shm_rmid_forced', 'net/ipv4/conf/eth0.1/forwarding', 'net.ipv4.conf.eth0/2.forwarding'];
    const sysctls = names.map((name) => ({ name, value: '1' }));
    const { sysctls: given } = sandboxConfigOf(pod({ securityContext: { sysctls } }), {
      attempt: 0,
      settings: { clusterDomain: 'cluster.local', clusterDns: '10.96.0.10' },
      hostDns: { servers: [], searches: [], options: [] },
      cgroupParent: '',
      logDirectory: '',
      runtimeHandler: '',
    });
    assert.deepEqual(Object.keys(given), [
      'kernel.shm_rmid_forced',
      'net.ipv4.conf.eth0/1.forwarding',
      'net.ipv4.conf.eth0/2.forwarding',
    ]);
  });

  it('weighs and limits as Kubernetes does', () => {
    const exact = { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '500m', memory: '1Gi' } };
    const some = { requests: { cpu: '100m', memory: '1Gi' } };
    assert.equal(qosOf(pod()), 'BestEffort');
    assert.equal(qosOf(pod({ containers: [container({ resources: some })] })), 'Burstable');
    const guaranteed = pod({ containers: [container({ resources: exact })] });
    assert.equal(qosOf(guaranteed), 'Guaranteed');
    const limited = containerResources(guaranteed, container({ resources: exact }), 2 ** 32);
    assert.deepEqual(limited, {
      cpuShares: 512,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimitBytes: 2 ** 30,
      oomScoreAdj: -997,
    });
    const burstable = containerResources(
      pod({ containers: [container({ resources: some })] }),
      container({ resources: some }),
      2 ** 32,
    );
    assert.deepEqual([burstable.oomScoreAdj, burstable.cpuShares, burstable.cpuQuota], [750, 102, undefined]);
    assert.equal(containerResources(pod(), container(), 2 ** 32).cpuShares, 2);
    assert.deepEqual([weightOf(2), weightOf(1024), weightOf(262_144)], [1, 39, 10_000]);
  });

  it('keeps root out where the pod says so', () => {
    const strict = container({ securityContext: { runAsNonRoot: true } });
    assert.throws(() => securityOf(pod(), strict, { user: '' }, ''), /image will run as root/);
    assert.throws(() => securityOf(pod(), strict, { user: 'app' }, ''), /non-numeric user \(app\)/);
    assert.equal(securityOf(pod(), strict, { user: '1000' }, '').runAsUser, undefined);
    const zero = container({ securityContext: { runAsNonRoot: true, runAsUser: 0 } });
    assert.throws(() => securityOf(pod(), zero, { user: '1000' }, ''), /breaks non-root policy/);
    const shared = pod({ securityContext: { fsGroup: 7, supplementalGroups: [8] } });
    const own = securityOf(
      shared,
      container({ securityContext: { allowPrivilegeEscalation: false } }),
      { user: '' },
      '',
    );
    assert.deepEqual([own.supplementalGroups, own.noNewPrivileges], [[8, 7], true]);
  });

  it('confines a container by profiles of the node, and keeps it out of its other files', () => {
    const seccomp = (localhostProfile: string): unknown =>
      securityOf(
        pod({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } } }),
        container({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'strict' } } }),
        { user: '' },
        '/node/seccomp',
      );
    const { seccomp: filter, apparmor } = seccomp('audit.json') as { seccomp: object; apparmor: object };
    assert.deepEqual([filter, apparmor], [{ profile: '/node/seccomp/audit.json' }, { profile: 'strict' }]);
    assert.deepEqual((seccomp('../../etc/x') as { seccomp: object }).seccomp, { profile: '/node/seccomp/etc/x' });
  });

  it('makes a sandbox privileged only for a privileged container', () => {
    const of = pod({ securityContext: { runAsUser: 5, fsGroup: 7, seLinuxOptions: { level: 's0' } } });
    const plain = { privileged: false, runAsUser: 5, supplementalGroups: [7], selinux: { level: 's0' } };
    assert.deepEqual(sandboxSecurityOf(of), plain);
    const privileged = container({ securityContext: { privileged: true } });
    assert.equal(sandboxSecurityOf(pod({ initContainers: [privileged] })).privileged, true);
  });

  it('lets pods set the sysctls that are safe, or that the node allows', () => {
    const judged = (name: string, allowed: string[] = [], spec: object = {}): string | undefined =>
      rejectSysctls(pod({ securityContext: { sysctls: [{ name, value: '1' }] }, ...spec }), allowed)?.message;
    assert.equal(judged('kernel.shm_rmid_forced'), undefined);
    assert.equal(judged('net/ipv4/tcp_syncookies'), undefined);
    assert.equal(judged('kernel.msgmax'), 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted');
    assert.equal(judged('kernel.msgmax', ['kernel.msg*']), undefined);
    assert.equal(judged('kernel.msgmax', ['kernel.msgmax']), undefined);
    assert.match(judged('kernel.msgmax', ['kernel.msg*'], { hostIPC: true }) ?? '', /with host ipc enabled/);
    assert.match(judged('net.ipv4.tcp_syncookies', [], { hostNetwork: true }) ?? '', /with host net enabled/);
  });

  it('finds the credentials that fit the registry, the closest first', () => {
    const config = {
      auths: {
        'https://reg.example:5000': { auth: base64('u:p:w') },
        'reg.example:5000/team': { username: 'team', password: 'x' },
        '*.other.example': { username: 'o' },
      },
    };
    const secret: Secret = {
      metadata: { name: 'pull' },
      data: { '.dockerconfigjson': base64(JSON.stringify(config)) },
    };
    const users = (image: string): string[] => credentialsFor(image, [secret]).auths.map(({ username }) => username);
    assert.deepEqual(users('reg.example:5000/team/app:1'), ['team', 'u']);
    assert.deepEqual(users('reg.example:5000/teammate/app:1'), ['u']);
    assert.deepEqual(users('eu.other.example/app'), ['o']);
    assert.deepEqual(users('busybox'), []);
    const starred = (host: string): number => {
      const auths = { [host]: { username: 'o' } };
      const data = { '.dockerconfigjson': base64(JSON.stringify({ auths })) };
      return credentialsFor('ab-cd-ef.example:5000/x', [{ metadata: { name: 's' }, data }]).auths.length;
    };
    assert.deepEqual(['ab*ef.*:5000', '*cd*.example:5000', '*.example:5000'].map(starred), [1, 1, 1]);
    assert.deepEqual(['ab*gh.*:5000', 'ab-cd*cd-ef.*:5000', '*.example'].map(starred), [0, 0, 0]);
    assert.equal(credentialsFor('reg.example:5000/app', [secret]).auths[0]?.password, 'p:w');
    const broken: Secret = { metadata: { name: 'bad' }, data: { '.dockercfg': base64('{') } };
    assert.match(credentialsFor('x', [broken]).problems[0] ?? '', /secret "bad"/);
  });
});
