/** Data that outlives its pods: volumes that somebody made, volumes that are made for claims, and what becomes of them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TestCluster } from '../support/cluster.ts';
import { SLEEP, busybox, manifest, pod, service } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const KEY_VALUE = resolve(import.meta.dirname, '../../deploy/examples/key-value.yaml');
const SIZE = { resources: { requests: { storage: '10Mi' } } };
const ONCE = { accessModes: ['ReadWriteOnce'], ...SIZE };

describe('persistent volumes', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
    session = await Session.open(cluster, 'volumes');
  });
  after(() => cluster?.stop());

  const onHost = (node: string, ...parts: string[]): string =>
    join(cluster.local.host(node).place.directory, 'data', ...parts);
  const directoryOf = async (volume: string): Promise<string> => {
    const node = '.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]';
    return onHost(await session.field(`pv ${volume}`, node), 'volumes', volume);
  };
  const volumeOf = (claim: string): Promise<string> => session.field(`pvc ${claim}`, '.spec.volumeName');
  const claim = (name: string, spec: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { ...ONCE, ...spec },
  });
  /** A pod with the claim at /v. */
  const user = (name: string, claimName: string, spec: object = {}, mount: object = {}): object =>
    pod(name, {
      spec: {
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
        containers: [busybox('c', SLEEP, { volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] })],
        ...spec,
      },
    });

  describe('that somebody made', () => {
    const affinity = (node: string): object => {
      const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
      return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
    };
    /** Kept for the claim of its name. */
    const volume = (name: string, source: object): object => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '10Mi' },
        accessModes: ['ReadWriteOnce'],
        nodeAffinity: affinity('node-1'),
        claimRef: { namespace: session.namespace, name },
        ...source,
      },
    });
    const own = (name: string): object => claim(name, { storageClassName: '', volumeName: name });

    it('are mounted where they are: a host path, a local directory, and one of Dure’s own', async () => {
      const sources: Record<string, object> = {
        'by-path': { hostPath: { path: onHost('node-1', 'by-path'), type: 'DirectoryOrCreate' } },
        'by-disk': { local: { path: onHost('node-1', 'by-disk') } },
        'by-dure': { csi: { driver: 'local.dure.internal', volumeHandle: 'by-dure' } },
      };
      const names = Object.keys(sources);
      await session.apply(manifest(...names.flatMap((name) => [volume(name, sources[name] ?? {}), own(name)])));
      await session.apply(manifest(...names.map((name) => user(name, name, { nodeName: 'node-1' }))));
      await session.wait('--for=condition=Ready pod/by-path pod/by-dure');
      await session.eventually(async () => {
        assert.match(
          await session.run('describe pod by-disk'),
          /FailedMount .* MountVolume.NewMounter initialization failed for volume "by-disk" : path ".*" does not exist/,
        );
      });
      await mkdir(onHost('node-1', 'by-disk'));
      await session.wait('--for=condition=Ready pod/by-disk');
      for (const name of names) await session.sh(name, `echo ${name} > /v/row`);
      assert.ok(existsSync(onHost('node-1', 'volumes', 'by-dure', 'row')));
      await session.run(`delete pod ${names.join(' ')}`);
      const reader = user(
        'reader',
        'by-disk',
        { nodeName: 'node-1' },
        { readOnly: true, subPath: 'row', mountPath: '/row' },
      );
      await session.apply(manifest(reader, user('again', 'by-dure', { nodeName: 'node-1' })));
      await session.wait('--for=condition=Ready pod/reader pod/again');
      assert.equal(
        await session.sh('reader', 'cat /row; echo x 2>/dev/null > /row || echo only read'),
        'by-disk\nonly read\n',
      );
      assert.equal(await session.sh('again', 'cat /v/row'), 'by-dure\n');
      await session.run('delete pod reader again');
      await session.run(`delete pvc ${names.join(' ')}`);
      await session.run(`delete pv ${names.join(' ')}`);
      assert.ok(existsSync(onHost('node-1', 'volumes', 'by-dure', 'row')), 'what Dure did not make it does not remove');
    });

    it('of kinds that no node mounts, and on other nodes, keep their pods waiting, and say why', async () => {
      await session.apply(manifest(volume('far', { nfs: { server: '192.0.2.1', path: '/' } }), own('far')));
      const local = { csi: { driver: 'local.dure.internal', volumeHandle: 'there' } };
      await session.apply(manifest(volume('there', local), own('there')));
      const users = [user('far', 'far', { nodeName: 'node-1' }), user('there', 'there', { nodeName: 'node-2' })];
      await session.apply(manifest(...users, user('lost', 'no-such', { nodeName: 'node-1' })));
      const reasons: Record<string, RegExp> = {
        far: /nfs volumes are not mounted by Dure; local, hostPath and those of the driver local.dure.internal are/,
        there: /MountVolume.NodeAffinity check failed for volume "there" : no matching NodeSelectorTerms/,
        lost: /persistentvolumeclaims "no-such" not found/,
      };
      for (const [name, reason] of Object.entries(reasons)) {
        await session.eventually(async () => assert.match(await session.run(`describe pod ${name}`), reason));
        assert.match(await session.run(`get pod ${name} --no-headers`), /ContainerCreating/);
      }
      assert.ok(!existsSync(onHost('node-2', 'volumes', 'there')));
      await session.run(`delete pod ${Object.keys(reasons).join(' ')}`);
    });
  });

  describe('that are made for claims', () => {
    const set = (name: string): object[] => [
      service(name, { clusterIP: 'None' }),
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name },
        spec: {
          replicas: 2,
          serviceName: name,
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: {
              terminationGracePeriodSeconds: 1,
              securityContext: { fsGroup: 2000, runAsUser: 1000 },
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: 'kubernetes.io/hostname',
                  whenUnsatisfiable: 'DoNotSchedule',
                  labelSelector: { matchLabels: { app: name } },
                },
              ],
              containers: [busybox('c', SLEEP, { volumeMounts: [{ name: 'data', mountPath: '/v' }] })],
            },
          },
          volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: ONCE }],
        },
      },
    ];
    const nodeOf = (name: string): Promise<string> => session.field(`pod ${name}`, '.spec.nodeName');
    const running = (replicas = 2): Promise<string> =>
      session.wait(`--for=jsonpath={.status.readyReplicas}=${replicas} statefulset/db`);
    const rows = async (): Promise<string[]> =>
      Promise.all(['db-0', 'db-1'].map((name) => session.sh(name, 'cat /v/row')));

    before(async () => {
      await session.apply(manifest(...set('db')));
      await running();
      for (const name of ['db-0', 'db-1']) await session.sh(name, `echo ${name} > /v/row`);
    });

    it('belong to the group of their pods, and are written by its users', async () => {
      assert.match(await session.sh('db-0', 'stat -c %g:%a /v; stat -c %u:%g /v/row'), /^2000:2777\n1000:2000\n$/);
    });

    it('come back with their pods, to the same nodes', async () => {
      const before = await Promise.all(['db-0', 'db-1'].map(nodeOf));
      await session.run('delete pod db-0 db-1');
      await running();
      assert.deepEqual(await Promise.all(['db-0', 'db-1'].map(nodeOf)), before);
      assert.deepEqual(await rows(), ['db-0\n', 'db-1\n']);
      await session.run('scale statefulset db --replicas=0');
      await session.wait('--for=delete pod/db-0 pod/db-1');
      await session.run('scale statefulset db --replicas=2');
      await running();
      assert.deepEqual(await rows(), ['db-0\n', 'db-1\n']);
    });

    it('keep their data over a crash of the agent and of the host', async () => {
      const node = await nodeOf('db-0');
      const uid = await session.field('pod db-0', '.metadata.uid');
      const pid = (await cluster.local.host(node).servicePid('agent')) ?? 0;
      process.kill(pid, 'SIGKILL');
      await session.eventually(async () => {
        const now = await cluster.local.host(node).servicePid('agent');
        assert.ok(now !== undefined && now !== pid);
        assert.deepEqual(await rows(), ['db-0\n', 'db-1\n']);
      });
      assert.equal(await session.field('pod db-0', '.metadata.uid'), uid);
      await cluster.local.kill(node);
      await session.wait(`--for=condition=Ready=Unknown node/${node}`);
      await cluster.local.start(node);
      await session.wait(`--for=condition=Ready node/${node}`);
      await session.eventually(async () => assert.deepEqual(await rows(), ['db-0\n', 'db-1\n']));
      assert.equal(await nodeOf('db-0'), node);
    });

    it('hold their pods back while their node is drained, and say so', async () => {
      const node = await nodeOf('db-1');
      await session.run(`drain ${node} --ignore-daemonsets --delete-emptydir-data --force`);
      await session.eventually(async () => {
        assert.match(
          await session.run('describe pod db-1'),
          /FailedScheduling .*1 node\(s\) didn't match PersistentVolume's node affinity/,
        );
      });
      await session.run(`uncordon ${node}`);
      await running();
      assert.deepEqual(await rows(), ['db-0\n', 'db-1\n']);
    });

    it('stay while a pod uses them, and go with their data when it is gone', async () => {
      await session.apply(manifest(claim('once'), user('last', 'once')));
      await session.wait('--for=condition=Ready pod/last');
      await session.sh('last', 'mkdir -p /v/a/b; ln -s /etc /v/a/link; echo row > /v/a/b/row');
      const volume = await volumeOf('once');
      const directory = await directoryOf(volume);
      assert.ok(existsSync(join(directory, 'a', 'b', 'row')));
      await session.run('delete pvc once --wait=false');
      await session.eventually(async () => {
        assert.match(await session.run('get pvc once --no-headers'), /^once +Terminating/);
      });
      assert.equal(await session.sh('last', 'cat /v/a/b/row'), 'row\n');
      await session.run('delete pod last');
      await session.wait(`--for=delete pvc/once pv/${volume}`);
      assert.ok(!existsSync(directory));
    });

    it('are removed by a node that was away, once it is back', async () => {
      await session.apply(manifest(claim('away'), user('away', 'away')));
      await session.wait('--for=condition=Ready pod/away');
      const volume = await volumeOf('away');
      const directory = await directoryOf(volume);
      const node = await nodeOf('away');
      await session.run('delete pod away');
      await cluster.local.host(node).stopService('agent');
      await session.run('delete pvc away');
      await session.wait(`--for=jsonpath={.metadata.finalizers[*]}=local.dure.internal/data pv/${volume}`);
      assert.ok(existsSync(directory));
      await cluster.local.start(node);
      await session.wait(`--for=delete pv/${volume}`);
      assert.ok(!existsSync(directory));
    });

    it('are there for one pod alone when it asks for that, and go with it', async () => {
      const volumes = [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: ONCE } } }];
      await session.apply(manifest(user('brief', '', { volumes })));
      await session.wait('--for=condition=Ready pod/brief');
      await session.sh('brief', 'echo row > /v/row');
      const volume = await volumeOf('brief-v');
      const directory = await directoryOf(volume);
      assert.ok(existsSync(join(directory, 'row')));
      await session.run('delete pod brief');
      await session.wait(`--for=delete pvc/brief-v pv/${volume}`);
      assert.ok(!existsSync(directory));
    });
  });

  it('hold what the key-value store of the examples is given, each member its own', async () => {
    const members = [0, 1, 2];
    const ask = (member: number, words = ''): Promise<string> => {
      const host = `kv-${member}.kv.${session.namespace}.svc.cluster.local`;
      return session.sh('kv-0', `wget -qO- ${words} 'http://${host}:8080/cgi-bin/kv?row'`);
    };
    const ready = (): Promise<string> => session.wait('--for=jsonpath={.status.readyReplicas}=3 statefulset/kv');
    await session.apply(await readFile(KEY_VALUE, 'utf8'));
    await ready();
    for (const member of members) {
      await assert.rejects(ask(member), /404 Not Found/);
      await ask(member, `--post-data 'of ${member}'`);
    }
    await session.run('delete pod kv-1 kv-2');
    await ready();
    await session.eventually(async () => {
      assert.deepEqual(await Promise.all(members.map((member) => ask(member))), ['of 0', 'of 1', 'of 2']);
    });
    await session.run(['delete', '-f', KEY_VALUE]);
    await session.run('delete pvc -l app=kv');
  });
});
