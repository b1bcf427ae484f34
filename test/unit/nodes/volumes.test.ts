/** Claims and volumes on their way to a node and back: the real registry and caches, and an agent's state at the other end. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { DATA_FINALIZER } from '../../../api/machinery/local-volumes.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import { Dispatch, type DispatchCaches } from '../../../control-plane/nodes/dispatch.ts';
import { ReportWriter } from '../../../control-plane/nodes/reports.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { DesiredStateStore, isResourceName } from '../../../node-agent/state/store.ts';
import { type Harness, startRegistry } from '../registry/harness.ts';
import { asReceived } from './wire.ts';

const NAMES = [
  'pods',
  'secrets',
  'configmaps',
  'services',
  'endpointslices',
  'runtimeclasses',
  'servicecidrs',
  'persistentvolumeclaims',
  'persistentvolumes',
  'nodes',
] as const;

describe('volumes on their way to a node', () => {
  let harness: Harness;
  let dispatch: Dispatch;
  let agents: Map<string, DesiredStateStore>;

  beforeEach(async () => {
    harness = await startRegistry();
    const caches = Object.fromEntries(NAMES.map((name) => [name, harness.cacheOf(kinds[name] as Kind)]));
    dispatch = new Dispatch({ caches: caches as unknown as DispatchCaches, clock: systemClock });
    dispatch.start();
    agents = new Map();
    for (const name of ['node-1', 'node-2']) {
      await create(kinds.nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': `${name}.lan` } } });
    }
    await shown(kinds.nodes);
    connect('node-1');
    connect('node-2');
  });
  afterEach(async () => {
    dispatch.stop();
    await harness.stop();
  });

  function connect(node: string): void {
    const state = new DesiredStateStore();
    agents.set(node, state);
    state.beginFull();
    dispatch.add(node, (message) => {
      const { changes } = asReceived(message);
      for (const { resource, key, object } of changes?.changes ?? []) {
        assert.ok(isResourceName(resource));
        if (object.length === 0) state.delete(resource, key);
        else state.set(resource, key, object);
      }
      if (changes?.complete) state.completeFull();
      return true;
    });
  }

  const create = <T extends KubeObject>(kind: Kind<T>, object: object): Promise<T> =>
    harness.registry.resource(kind).create(object as T);
  /** The caches have it, and so have the agents. */
  async function shown(...changed: unknown[]): Promise<void> {
    for (const kind of changed) await harness.settle(kind as Kind);
    await setImmediate();
    await setImmediate();
  }
  const on = (node: string): DesiredStateStore => agents.get(node)!;
  const claimOn = (node: string): unknown => on(node).claims.get('default/data')?.bound;

  const pod = (name: string, nodeName: string, volumes: object[]): Promise<unknown> =>
    create(kinds.pods, {
      metadata: { name, namespace: 'default' },
      spec: { nodeName, volumes, containers: [{ name: 'c', image: 'i' }] },
    });
  const user = (nodeName = 'node-1'): Promise<unknown> =>
    pod(`web-${nodeName}`, nodeName, [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }]);
  const claim = (change: object = {}): Promise<PersistentVolumeClaim> =>
    create(kinds.persistentvolumeclaims, {
      metadata: { name: 'data', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...change },
    });
  const affinity = (host: string): object => {
    const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }];
    return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
  };
  const volume = (uid: string | undefined, change: object = {}): Promise<PersistentVolume> =>
    create(kinds.persistentvolumes, {
      metadata: {
        name: 'pvc-1',
        annotations: { 'pv.kubernetes.io/provisioned-by': 'local.dure.internal' },
        finalizers: [DATA_FINALIZER],
      },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Delete',
        csi: { driver: 'local.dure.internal', volumeHandle: 'pvc-1' },
        nodeAffinity: affinity('node-1.lan'),
        ...(uid && { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid } }),
        ...change,
      },
    });
  const enter = <T extends PersistentVolume | PersistentVolumeClaim>(
    kind: Kind<T>,
    namespace: string,
    name: string,
    phase: string,
  ): Promise<unknown> =>
    harness.registry
      .resource(kind)
      .mutate(namespace, name, (now) => ({ ...now, status: { ...now.status, phase } }), { subresource: 'status' });
  const bindClaim = (): Promise<unknown> => enter(kinds.persistentvolumeclaims, 'default', 'data', 'Bound');
  /** As controllers do: the phase, and the finalizers that are theirs. */
  async function releaseVolume(phase: string): Promise<void> {
    await enter(kinds.persistentvolumes, '', 'pvc-1', phase);
    await harness.registry.resource(kinds.persistentvolumes).delete('', 'pvc-1');
    await shown(kinds.persistentvolumes);
  }
  async function dropClaim(): Promise<void> {
    const claims = harness.registry.resource(kinds.persistentvolumeclaims);
    await claims.mutate('default', 'data', (now) => ({ ...now, metadata: { ...now.metadata, finalizers: [] } }));
    await claims.delete('default', 'data');
    await shown(kinds.persistentvolumeclaims);
  }

  it('tells the node of a pod what its claim is bound to, and no other node', async () => {
    const { metadata } = await claim({ volumeName: 'pvc-1' });
    const { spec } = await volume(metadata.uid);
    await bindClaim();
    await user();
    await shown(kinds.persistentvolumeclaims, kinds.persistentvolumes, kinds.pods);
    const { claimRef: _, ...others } = spec;
    assert.deepEqual(claimOn('node-1'), { volume: { name: 'pvc-1', spec: others } });
    assert.equal(on('node-2').claims.size, 0);
    connect('node-1');
    await shown();
    assert.deepEqual(claimOn('node-1'), { volume: { name: 'pvc-1', spec: others } });
    await harness.registry.resource(kinds.pods).delete('default', 'web-node-1', { gracePeriodSeconds: 0 });
    await shown(kinds.pods);
    assert.equal(on('node-1').claims.size, 0);
  });

  it('tells it in every step why there is no volume yet', async () => {
    await user();
    await shown(kinds.pods);
    assert.equal(claimOn('node-1'), undefined);
    const { metadata } = await claim({ volumeName: 'pvc-1' });
    await shown(kinds.persistentvolumeclaims);
    assert.deepEqual(claimOn('node-1'), { problem: 'PVC is not bound' });
    await bindClaim();
    await shown(kinds.persistentvolumeclaims);
    assert.deepEqual(claimOn('node-1'), {
      problem: 'failed to fetch PV pvc-1 from API server: persistentvolumes "pvc-1" not found',
    });
    await volume('another');
    await shown(kinds.persistentvolumes);
    assert.deepEqual(claimOn('node-1'), {
      problem: 'found PV object pvc-1 but its pv.Spec.ClaimRef.UID another does not point to claim.UID ' + metadata.uid,
    });
  });

  it('tells whose an ephemeral volume’s claim is, and when it is being deleted', async () => {
    const controller = { apiVersion: 'v1', kind: 'Pod', name: 'own', uid: 'pod-uid', controller: true };
    await create(kinds.persistentvolumeclaims, {
      metadata: { name: 'own-d', namespace: 'default', ownerReferences: [controller] },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await pod('own', 'node-2', [{ name: 'd', ephemeral: { volumeClaimTemplate: { spec } } }]);
    await shown(kinds.pods, kinds.persistentvolumeclaims);
    const told = (): unknown => {
      const { controller: owner, isBeingDeleted } = on('node-2').claims.get('default/own-d') ?? {};
      return [owner, isBeingDeleted];
    };
    assert.deepEqual(told(), ['pod-uid', false]);
    await harness.registry.resource(kinds.persistentvolumeclaims).delete('default', 'own-d');
    await shown(kinds.persistentvolumeclaims);
    assert.deepEqual(told(), ['pod-uid', true]);
  });

  it('asks the volume’s node to remove it, once its claim is gone and not before', async () => {
    const { metadata } = await claim({ volumeName: 'pvc-1' });
    const { metadata: own } = await volume(metadata.uid);
    await shown(kinds.persistentvolumeclaims, kinds.persistentvolumes);
    await releaseVolume('Released');
    assert.equal(on('node-1').removals.size, 0, 'the claim is there');
    await dropClaim();
    assert.deepEqual([...on('node-1').removals.list()], [{ name: 'pvc-1', uid: own.uid }]);
    assert.equal(on('node-2').removals.size, 0);
    connect('node-1');
    await shown();
    assert.equal(on('node-1').removals.size, 1, 'a session begins with it');
  });

  for (const [what, volumeName] of [
    ['names none yet', ''],
    ['has another', 'pvc-2'],
  ] as const) {
    it(`does not wait for a claim that ${what}`, async () => {
      const { metadata } = await claim({ volumeName });
      await volume(metadata.uid);
      await shown(kinds.persistentvolumeclaims, kinds.persistentvolumes);
      await releaseVolume('Released');
      assert.equal(on('node-1').removals.size, 1);
    });
  }

  const kept: [string, string, object][] = [
    ['is to be kept', 'Released', { persistentVolumeReclaimPolicy: 'Retain' }],
    ['is still bound', 'Bound', {}],
    ['was not made by Dure', 'Released', { csi: { driver: 'disk.example.com', volumeHandle: 'pvc-1' } }],
    ['has another’s directory', 'Released', { csi: { driver: 'local.dure.internal', volumeHandle: 'pvc-2' } }],
    ['is on no node in particular', 'Released', { nodeAffinity: undefined }],
  ];
  for (const [what, phase, change] of kept) {
    it(`asks nobody to remove one that ${what}`, async () => {
      await volume('gone', change);
      await releaseVolume(phase);
      for (const node of ['node-1', 'node-2']) assert.equal(on(node).removals.size, 0);
    });
  }

  describe('when it is removed', () => {
    const removed = async (node: string, uid: string): Promise<string[] | undefined> => {
      await shown(kinds.nodes);
      const writer = new ReportWriter({ registry: harness.registry, node, log: silentLog });
      const nothing = { sequence: 1, pods: [], events: [], nodeStatus: Buffer.alloc(0) };
      await writer.write({ ...nothing, volumes: [{ name: 'pvc-1', uid }] });
      await shown(kinds.persistentvolumes);
      return harness.registry.resource(kinds.persistentvolumes).view.get('pvc-1')?.metadata.finalizers;
    };

    it('lets it go, and tells the node no more of it', async () => {
      const { metadata } = await volume('gone');
      await releaseVolume('Released');
      assert.equal(on('node-1').removals.size, 1);
      assert.deepEqual(await removed('node-1', metadata.uid ?? ''), ['kubernetes.io/pv-protection']);
      assert.equal(on('node-1').removals.size, 0);
      assert.deepEqual(await removed('node-1', metadata.uid ?? ''), ['kubernetes.io/pv-protection'], 'said twice');
    });

    it('believes no other node, and nothing of another volume of its name', async () => {
      const { metadata } = await volume('gone');
      await releaseVolume('Released');
      const all = [DATA_FINALIZER, 'kubernetes.io/pv-protection'].toSorted();
      assert.deepEqual((await removed('node-2', metadata.uid ?? ''))?.toSorted(), all);
      assert.deepEqual((await removed('node-1', 'another'))?.toSorted(), all);
    });

    it('keeps one that nobody deleted', async () => {
      const { metadata } = await volume('gone');
      await shown(kinds.persistentvolumes);
      assert.ok((await removed('node-1', metadata.uid ?? ''))?.includes(DATA_FINALIZER));
    });
  });
});
