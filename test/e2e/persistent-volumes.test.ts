/** Data that outlives its pods: volumes that somebody made, volumes that are made for claims, and what becomes of them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TestCluster } from '../support/cluster.ts';
import { SLEEP, busybox, manifest, pod } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

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
        'by-dure': { csi: { driver: 'local.dure.io', volumeHandle: 'by-dure' } },
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
      const local = { csi: { driver: 'local.dure.io', volumeHandle: 'there' } };
      await session.apply(manifest(volume('there', local), own('there')));
      const users = [user('far', 'far', { nodeName: 'node-1' }), user('there', 'there', { nodeName: 'node-2' })];
      await session.apply(manifest(...users, user('lost', 'no-such', { nodeName: 'node-1' })));
      const reasons: Record<string, RegExp> = {
        far: /nfs volumes are not mounted by Dure; local, hostPath and those of the driver local.dure.io are/,
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
});
