/** Claims and volumes on a server that leads, with etcd below; its nodes are objects without agents. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { DATA_FINALIZER } from '../../../api/machinery/local-volumes.ts';
import { isFullyBound } from '../../../api/machinery/persistent-volumes.ts';
import type { Event, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';
import { RestClient, type ListOf } from '../../../lib/client/rest.ts';
import { systemClock } from '../../../lib/clock.ts';
import { aClaim, aVolume } from '../../unit/controllers/volume-stage.ts';
import { eventually } from '../../support/eventually.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { ServerHost } from '../../support/server-process.ts';

const CORE = '/api/v1/namespaces/default';
const CLAIMS = `${CORE}/persistentvolumeclaims`;
const VOLUMES = '/api/v1/persistentvolumes';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
/** Much longer than it takes. */
const SOON = 60_000;

describe('persistent volumes of a server', function () {
  this.timeout(150_000);
  let host: ServerHost;
  let client: RestClient;

  before(async function () {
    if (process.getuid?.() !== 0) this.skip();
    host = await ServerHost.make();
    await host.run('--node-grace', '1h').ready();
    const access = await adminAccess({ kubeconfig: path.join(host.dataDir, 'pki', 'admin.kubeconfig') });
    client = new RestClient({ access, clock: systemClock, userAgent: 'test' });
    for (const name of ['n1', 'n2']) await makeNode(name);
  });
  after(async () => {
    client?.close();
    await host?.remove();
  });

  async function makeNode(name: string): Promise<void> {
    const labels = { 'kubernetes.io/hostname': name };
    await client.create('/api/v1/nodes', { metadata: { name, labels } });
    const room = { cpu: '4', memory: '8Gi', pods: '110' };
    const status = { capacity: room, allocatable: room, conditions: [{ type: 'Ready', status: 'True' }] };
    await client.patch(`/api/v1/nodes/${name}/status`, 'merge-patch', { status });
    await eventually(`node ${name} takes pods`, async () => {
      const { spec } = await client.get<Node>(`/api/v1/nodes/${name}`);
      return spec.taints?.length ? undefined : true;
    });
  }

  function aPod(name: string, claimName: string): object {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
    const containers = [{ name: 'main', image: 'kv:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers, volumes } };
  }

  function claimWhen(
    name: string,
    what: string,
    holds: (claim: PersistentVolumeClaim) => boolean,
  ): Promise<PersistentVolumeClaim> {
    return eventually(
      `the claim ${name} ${what}`,
      async () => {
        const claim = await client.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`);
        return holds(claim) ? claim : undefined;
      },
      SOON,
    );
  }

  function volumeWhen(name: string, phase: string): Promise<PersistentVolume> {
    return eventually(
      `the volume ${name} is ${phase}`,
      async () => {
        const volume = await client.get<PersistentVolume>(`${VOLUMES}/${name}`);
        return volume.status.phase === phase ? volume : undefined;
      },
      SOON,
    );
  }

  it('are made where the pod goes, grow with their claim, and go with it and with the node', async () => {
    const local = await eventually('there is a class', () => client.get<StorageClass>(`${CLASSES}/local`));
    assert.equal(local.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'], 'true');
    const made = await client.create<PersistentVolumeClaim>(CLAIMS, aClaim('data'));
    assert.equal(made.spec.storageClassName, 'local');
    await client.create(`${CORE}/pods`, aPod('kv-0', 'data'));
    const pod = await eventually(
      'the pod has its node',
      async () => {
        const now = await client.get<Pod>(`${CORE}/pods/kv-0`);
        return now.spec.nodeName ? now : undefined;
      },
      SOON,
    );
    const claim = await client.get<PersistentVolumeClaim>(`${CLAIMS}/data`);
    assert.ok(isFullyBound(claim));
    const name = claim.spec.volumeName ?? '';
    assert.equal(name, `pvc-${claim.metadata.uid}`);
    const volume = await volumeWhen(name, 'Bound');
    assert.deepEqual(new Set(volume.metadata.finalizers), new Set([DATA_FINALIZER, 'kubernetes.io/pv-protection']));
    assert.equal(
      volume.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values?.[0],
      pod.spec.nodeName,
    );

    const more = { spec: { resources: { requests: { storage: '3Gi' } } } };
    await claimWhen('data', 'is bound', ({ status }) => status.phase === 'Bound');
    await client.patch(`${CLAIMS}/data`, 'merge-patch', more);
    await claimWhen('data', 'has grown', ({ status }) => status.capacity?.['storage'] === '3Gi');

    await client.delete(`${CLAIMS}/data`);
    assert.ok((await client.get<PersistentVolumeClaim>(`${CLAIMS}/data`)).metadata.deletionTimestamp);
    await client.delete(`${CORE}/pods/kv-0`, { gracePeriodSeconds: 0 });
    const released = await volumeWhen(name, 'Released');
    const held = released.metadata.deletionTimestamp
      ? released
      : await eventually('the volume is being deleted', async () => {
          const now = await client.get<PersistentVolume>(`${VOLUMES}/${name}`);
          return now.metadata.deletionTimestamp ? now : undefined;
        });
    assert.ok(held.metadata.finalizers?.includes(DATA_FINALIZER));
    await client.delete(`/api/v1/nodes/${pod.spec.nodeName}`);
    await eventually(
      'the volume is gone with its node',
      async () => {
        const { items } = await client.get<ListOf<PersistentVolume>>(VOLUMES);
        return items.length === 0 ? true : undefined;
      },
      SOON,
    );
  });

  it('of other drivers bind to the claims of their class, and are kept when these go', async () => {
    await client.create(VOLUMES, aVolume('disk', { storageClassName: 'by-hand', size: '2Gi' }));
    await volumeWhen('disk', 'Available');
    await client.create(CLAIMS, aClaim('uses-disk', { storageClassName: 'by-hand' }));
    const claim = await claimWhen('uses-disk', 'is bound', ({ status }) => status.phase === 'Bound');
    assert.deepEqual(claim.status.capacity, { storage: '2Gi' });
    await volumeWhen('disk', 'Bound');
    const { status } = await client.patch<PersistentVolumeClaim>(
      `${CLAIMS}/uses-disk/status`,
      'strategic-merge-patch',
      {
        status: { conditions: [{ type: 'StatusPatched', status: 'True' }] },
      },
    );
    assert.equal(status.conditions?.[0]?.type, 'StatusPatched');
    await client.delete(`${CLAIMS}/uses-disk`);
    await volumeWhen('disk', 'Released');
    await client.delete(`${VOLUMES}/disk`);
  });

  it('that nobody can make are said to be so, on the claim and on the pod', async () => {
    await client.create(CLAIMS, aClaim('nowhere', { storageClassName: 'gone' }));
    await client.create(`${CORE}/pods`, aPod('waits', 'nowhere'));
    const said = await eventually('both have said it', async () => {
      const { items } = await client.get<ListOf<Event>>(`${CORE}/events`);
      const found = items.filter(({ involvedObject: { name } }) => name === 'waits' || name === 'nowhere');
      return found.length >= 2 ? found.map(({ message }) => message ?? '') : undefined;
    });
    assert.ok(said.includes('storageclass.storage.k8s.io "gone" not found'));
    assert.ok(
      said.some((message) => /nodes are available: pod has unbound immediate PersistentVolumeClaims/.test(message)),
    );
  });

  it('of the class that every cluster begins with are no more once a user has taken that away', async () => {
    await client.delete(`${CLASSES}/local`);
    const claim = await client.create<PersistentVolumeClaim>(CLAIMS, aClaim('classless'));
    assert.equal(claim.spec.storageClassName, undefined);
    await client.create(CLASSES, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'mine', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'local.dure.internal',
      volumeBindingMode: 'Immediate',
    });
    const bound = await claimWhen('classless', 'is bound', ({ status }) => status.phase === 'Bound');
    assert.equal(bound.spec.storageClassName, 'mine');
  });
});
