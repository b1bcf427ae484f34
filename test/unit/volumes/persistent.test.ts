import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeClaim } from '../../../api/node-volumes.ts';
import type { PersistentVolumeSpec, Pod, PodSpec, Volume } from '../../../api/types/core.v1.ts';
import { Metrics } from '../../../lib/metrics.ts';
import { MapView } from '../../../lib/view.ts';
import { DiskVolumes } from '../../../node-agent/volumes/disk.ts';
import type { PersistentVolumes } from '../../../node-agent/volumes/persistent.ts';
import { registerVolumeStats } from '../../../node-agent/volumes/stats.ts';
import { eventually } from '../../support/eventually.ts';
import { noTokens } from '../../support/no-tokens.ts';
import { persistentVolumes } from '../../support/persistent-volumes.ts';
import { TestNode, container, pod } from '../pods/harness.ts';

describe('persistent volumes on a node', () => {
  let root: string;
  let claims: MapView<NodeClaim>;
  let persistent: PersistentVolumes;
  let volumes: DiskVolumes;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'dure-persistent-'));
    claims = new MapView();
    persistent = persistentVolumes(root, claims);
    volumes = new DiskVolumes({
      root: path.join(root, 'pods'),
      memory: path.join(root, 'memory'),
      configMaps: new MapView(),
      secrets: new MapView(),
      mounter: {
        mountTmpfs: () => Promise.resolve(),
        unmount: () => Promise.resolve(),
        mountsBelow: () => Promise.resolve([]),
      },
      persistent,
      ...noTokens(),
    });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const provisioned = { driver: 'local.dure.internal', volumeHandle: 'pvc-1' };
  const bind = (spec: PersistentVolumeSpec, change: Partial<NodeClaim> = {}): void =>
    claims.set('default/data', { uid: 'c', isBeingDeleted: false, bound: { volume: { name: 'pv', spec } }, ...change });
  const source: Volume = { name: 'd', persistentVolumeClaim: { claimName: 'data' } };
  const user = (uid = 'uid-web', spec: Partial<PodSpec> = {}, volume = source): Pod => {
    const web = pod({ volumes: [volume], ...spec });
    return { ...web, metadata: { ...web.metadata, uid } };
  };
  const place = (): string => path.join(root, 'volumes', 'pvc-1');
  const mounts = (of: Pod, mount: object = {}): ReturnType<DiskVolumes['mountsFor']> =>
    volumes.mountsFor(of, container({ volumeMounts: [{ name: 'd', mountPath: '/d', ...mount }] }), (text) => text);

  it('makes a provisioned one when a pod first uses it, for whoever runs there, and keeps it', async () => {
    bind({ csi: provisioned });
    await volumes.mount(user());
    assert.equal(statSync(place()).mode & 0o7777, 0o777);
    assert.deepEqual(await mounts(user()), [
      { containerPath: '/d', hostPath: place(), readonly: false, propagation: 'None' },
    ]);
    writeFileSync(path.join(place(), 'row'), 'kept');
    chmodSync(place(), 0o700);
    await volumes.unmount('uid-web');
    assert.ok(existsSync(path.join(place(), 'row')));
    assert.deepEqual(await volumes.leftovers(), []);
    await volumes.mount(user('uid-next'));
    assert.equal(statSync(place()).mode & 0o777, 0o700, 'what a container has set stays');
  });

  it('shares one among the pods of the node, and tells who has it', async () => {
    bind({ csi: provisioned });
    await volumes.mount(user('uid-a'));
    await volumes.mount(user('uid-b'));
    assert.deepEqual((await persistent.usersOf(place())).toSorted(), ['uid-a', 'uid-b']);
    await volumes.unmount('uid-a');
    assert.deepEqual(await persistent.usersOf(place()), ['uid-b']);
  });

  it('goes on with what a pod has, whatever becomes of the claim, and never makes it anew', async () => {
    bind({ csi: provisioned });
    await volumes.mount(user());
    claims.delete('default/data');
    await volumes.mount(user());
    assert.equal((await mounts(user()))[0]?.hostPath, place());
    rmSync(place(), { recursive: true });
    const message = `path "${place()}" does not exist`;
    await assert.rejects(volumes.mount(user()), { message: `MountVolume.SetUp failed for volume "pv" : ${message}` });
    await assert.rejects(mounts(user()), { message }, 'nor for a container that starts again');
  });

  it('makes none in the place of one that has vanished, until it was removed on purpose', async () => {
    bind({ csi: provisioned });
    await volumes.mount(user());
    await volumes.unmount('uid-web');
    rmSync(path.join(root, 'volumes'), { recursive: true });
    const message = `MountVolume.SetUp failed for volume "pv" : ${place()} was there before and is missing; is its disk mounted?`;
    await assert.rejects(volumes.mount(user('uid-next')), { message });
    assert.ok(!existsSync(place()));
    await persistent.forget('pvc-1');
    await volumes.mount(user('uid-next'));
    assert.ok(existsSync(place()));
  });

  it('mounts a part of one, and lets nothing be written where that is not wanted', async () => {
    bind({ csi: provisioned });
    await volumes.mount(user());
    const [part] = await mounts(user(), { subPath: 'inner/most', readOnly: true });
    assert.deepEqual([part?.hostPath, part?.readonly], [path.join(place(), 'inner', 'most'), true]);
    symlinkSync('/etc', path.join(place(), 'out'));
    await assert.rejects(mounts(user(), { subPath: 'out' }), /it leads out of the volume/);
    const reader = { name: 'd', persistentVolumeClaim: { claimName: 'data', readOnly: true } };
    await volumes.mount(user('uid-reader', {}, reader));
    assert.equal((await mounts(user('uid-reader', {}, reader)))[0]?.readonly, true);
    bind({ csi: provisioned, mountOptions: ['ro'] });
    await volumes.mount(user('uid-late'));
    assert.equal((await mounts(user('uid-late')))[0]?.readonly, true);
  });

  const refusals: [string, () => void, string][] = [
    [
      'a claim that is not there',
      () => undefined,
      'error processing PVC data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
    ],
    [
      'one that is not bound',
      () => bind({}, { bound: { problem: 'PVC is not bound' } }),
      'error processing PVC default/data: PVC is not bound',
    ],
    [
      'one that is being deleted',
      () => bind({ csi: provisioned }, { isBeingDeleted: true }),
      'error processing PVC default/data: PVC is being deleted',
    ],
    [
      'a block device',
      () => bind({ csi: provisioned, volumeMode: 'Block' }),
      'volume d has volumeMode Block, but is specified in volumeMounts',
    ],
  ];
  for (const [what, arrange, problem] of refusals) {
    it(`waits for ${what}`, async () => {
      arrange();
      const message =
        'Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], ' +
        `failed to process volumes=[d]: ${problem}`;
      await assert.rejects(volumes.mount(user()), { message });
      assert.ok(!existsSync(place()));
      bind({ csi: provisioned });
      await volumes.mount(user());
    });
  }

  it('lets its pod wait for the claim, and run as soon as that is bound', async () => {
    const node = new TestNode({}, { volumes });
    node.claims.subscribe(({ key, object }) => claims.set(key, object));
    await node.start();
    await node.apply(user());
    await eventually('the event', () => Promise.resolve(node.events.find(({ reason }) => reason === 'FailedMount')));
    assert.equal(node.status().containerStatuses?.[0]?.state.waiting?.reason, 'ContainerCreating');
    const volume = { name: 'pv', spec: { csi: provisioned } };
    node.claims.set('default/data', { uid: 'c', isBeingDeleted: false, bound: { volume } });
    await eventually('the pod to run', () => Promise.resolve(node.status().phase === 'Running' || undefined));
    await node.manager.stop();
  });

  it('tells how full they are, one claim once', async () => {
    const metrics = new Metrics();
    const pods = new MapView<Pod>();
    registerVolumeStats({ pods, persistent, metrics });
    bind({ csi: provisioned });
    for (const uid of ['uid-a', 'uid-b', 'uid-waiting']) pods.set(uid, user(uid));
    await volumes.mount(user('uid-a'));
    await volumes.mount(user('uid-b'));
    const { blocks, bsize } = statfsSync(place());
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('kubelet_volume_stats_'));
    assert.equal(lines.length, 6);
    const labels = '{namespace="default",persistentvolumeclaim="data"}';
    assert.ok(lines.includes(`kubelet_volume_stats_capacity_bytes${labels} ${blocks * bsize}`), lines.join('\n'));
    await volumes.unmount('uid-a');
    await volumes.unmount('uid-b');
    assert.ok(!(await metrics.text()).includes('persistentvolumeclaim='));
  });

  it('takes the claim of an ephemeral volume only if it was made for the pod', async () => {
    const own: Volume = { name: 'd', ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { resources: {} } } } };
    const claim = { uid: 'c', isBeingDeleted: false, bound: { volume: { name: 'pv', spec: { csi: provisioned } } } };
    claims.set('default/web-d', { ...claim, controller: 'another' });
    await assert.rejects(
      volumes.mount(user('uid-web', {}, own)),
      /PVC default\/web-d was not created for pod default\/web \(pod is not owner\)$/,
    );
    claims.set('default/web-d', { ...claim, controller: 'uid-web' });
    await volumes.mount(user('uid-web', {}, own));
    assert.ok(existsSync(place()));
  });

  it('makes nothing on a node that is not the volume’s', async () => {
    const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-2'] }];
    bind({ csi: provisioned, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } });
    await assert.rejects(volumes.mount(user()), {
      message: 'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
    });
    assert.ok(!existsSync(place()));
  });

  it('never leaves the directory of volumes', async () => {
    for (const volumeHandle of ['..', '.removing', 'a/b', '', 'A', 'x'.repeat(254)]) {
      bind({ csi: { ...provisioned, volumeHandle } });
      await assert.rejects(volumes.mount(user()), /is no name of a volume/, volumeHandle);
    }
    mkdirSync(path.join(root, 'volumes'));
    symlinkSync('/etc', place());
    bind({ csi: provisioned });
    await assert.rejects(volumes.mount(user()), /is not a directory/);
  });

  it('finds local ones and host paths where they say', async () => {
    const at = path.join(root, 'disk');
    bind({ local: { path: at } });
    await assert.rejects(volumes.mount(user()), {
      message: `MountVolume.NewMounter initialization failed for volume "pv" : path "${at}" does not exist`,
    });
    bind({ hostPath: { path: at, type: 'Directory' } });
    await assert.rejects(volumes.mount(user()), {
      message: `MountVolume.SetUp failed for volume "pv" : hostPath type check failed: ${at} is not a directory`,
    });
    bind({ hostPath: { path: at } });
    await volumes.mount(user());
    assert.equal((await mounts(user()))[0]?.hostPath, at);
    bind({ local: { path: at } });
    await volumes.mount(user('uid-b'));
    assert.equal((await mounts(user('uid-b')))[0]?.hostPath, at);
    const link = path.join(root, 'link');
    symlinkSync(at, link);
    bind({ local: { path: link } });
    const grouped = user('uid-c', { securityContext: { fsGroup: 4711 } });
    for (const uid of ['uid-web', 'uid-b']) await volumes.unmount(uid);
    await volumes.mount(grouped);
    assert.equal((await mounts(grouped))[0]?.hostPath, at);
    assert.equal(statSync(at).gid, 4711);
  });

  it('says of others that they are not mounted, and which ones are', async () => {
    bind({ nfs: { server: 's', path: '/' }, capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'] });
    await assert.rejects(volumes.mount(user()), {
      message:
        'MountVolume.SetUp failed for volume "pv" : nfs volumes are not mounted by Dure; ' +
        'local, hostPath and those of the driver local.dure.internal are',
    });
    bind({ csi: { driver: 'disk.example.com', volumeHandle: 'x' } });
    await assert.rejects(volumes.mount(user()), /volumes of the CSI driver disk\.example\.com are not mounted by Dure/);
    bind({ csi: provisioned, mountOptions: ['ro', 'noexec'] });
    await assert.rejects(volumes.mount(user()), /the mount options noexec are not supported/);
  });

  describe('given to a group', () => {
    const grouped = (uid: string, policy?: string): Pod =>
      user(uid, { securityContext: { fsGroup: 4711, ...(policy && { fsGroupChangePolicy: policy }) } });
    const inside = (name: string): string => path.join(place(), name);
    beforeEach(() => {
      mkdirSync(inside('sub'), { recursive: true });
      writeFileSync(inside('sub/file'), '', { mode: 0o4600 });
      chmodSync(inside('sub/file'), 0o4600);
      writeFileSync(path.join(root, 'outside'), '', { mode: 0o600 });
      symlinkSync(path.join(root, 'outside'), inside('link'));
      bind({ csi: provisioned });
    });
    const groupOf = (file: string): number => lstatSync(file).gid;

    it('is so with all that is in it, and with nothing that a link leads to', async () => {
      await volumes.mount(grouped('uid-a'));
      for (const file of [place(), inside('sub'), inside('sub/file'), inside('link')]) {
        assert.equal(groupOf(file), 4711, file);
      }
      assert.equal(statSync(inside('sub')).mode & 0o2070, 0o2070);
      assert.equal(statSync(inside('sub/file')).mode & 0o7777, 0o4660);
      const outside = statSync(path.join(root, 'outside'));
      assert.deepEqual([outside.gid, outside.mode & 0o777], [process.getgid?.(), 0o600]);
    });

    it('is looked at as a whole unless its top alone is to tell', async () => {
      await volumes.mount(grouped('uid-a'));
      await volumes.unmount('uid-a');
      chownSync(inside('sub'), 0, 0);
      await volumes.mount(grouped('uid-b', 'OnRootMismatch'));
      assert.equal(groupOf(inside('sub')), 0);
      await volumes.unmount('uid-b');
      await volumes.mount(grouped('uid-c', 'Always'));
      assert.equal(groupOf(inside('sub')), 4711);
      await volumes.unmount('uid-c');
      chownSync(place(), 0, 0);
      chownSync(inside('sub'), 0, 0);
      await volumes.mount(grouped('uid-d', 'OnRootMismatch'));
      assert.equal(groupOf(inside('sub')), 4711);
    });

    it('stays as another pod of the node has it, and when it is only read', async () => {
      await volumes.mount(user('uid-first'));
      await volumes.mount(grouped('uid-a'));
      assert.equal(groupOf(place()), process.getgid?.());
      await volumes.unmount('uid-first');
      await volumes.unmount('uid-a');
      bind({ csi: { ...provisioned, readOnly: true } });
      await volumes.mount(grouped('uid-b'));
      assert.equal(groupOf(place()), process.getgid?.());
    });
  });
});
