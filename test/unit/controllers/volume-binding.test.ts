import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import { DATA_FINALIZER } from '../../../api/machinery/local-volumes.ts';
import { volumesFor } from '../../../api/machinery/persistent-volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import { VolumeStage, aClaim, aClass, aNode, aVolume } from './volume-stage.ts';
import { aPod } from './world.ts';

const SELECTED = 'volume.kubernetes.io/selected-node';
const LOCAL = { storageClassName: 'local' };

describe('persistent volumes', () => {
  let stage: VolumeStage;

  beforeEach(async () => {
    stage = new VolumeStage();
    await stage.open();
  });
  afterEach(() => stage.close());

  describe('that are there', () => {
    it('bind to the claim of their class, both ways', async () => {
      await stage.make(aVolume('v', { storageClassName: 'gold' }));
      assert.equal(stage.volume('v').status.phase, 'Available');
      await stage.make(aClaim('c', { storageClassName: 'gold' }));
      const claim = stage.claim('c');
      assert.equal(stage.bindingOf('c'), 'v Bound');
      assert.deepEqual(claim.status.capacity, { storage: '1Gi' });
      assert.deepEqual(claim.status.accessModes, ['ReadWriteOnce']);
      assert.deepEqual(claim.metadata.annotations, {
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
      });
      const { metadata, spec, status } = stage.volume('v');
      assert.equal(status.phase, 'Bound');
      assert.equal(spec.claimRef?.uid, claim.metadata.uid);
      assert.equal(metadata.annotations?.['pv.kubernetes.io/bound-by-controller'], 'yes');
    });

    it('bind to a claim that was there before them, and that has said why it waits', async () => {
      await stage.make(aClaim('c'));
      assert.deepEqual(stage.told, [
        'FailedBinding: no persistent volumes available for this claim and no storage class is set',
      ]);
      await stage.make(aVolume('small', { size: '1Mi' }));
      assert.equal(stage.bindingOf('c'), '- Pending');
      await stage.make(aVolume('v'));
      assert.equal(stage.bindingOf('c'), 'v Bound');
      assert.equal(stage.told.length, 1);
    });

    it('which one: the smallest that is enough, of the modes, labels and attributes asked for', () => {
      const fit = (claim: PersistentVolumeClaim, ...volumes: PersistentVolume[]): string[] => {
        const available = volumes.map((each) => ({ ...each, status: { phase: 'Available' } }));
        return volumesFor(claim, available).map(({ metadata }) => metadata.name ?? '');
      };
      const labelled = { ...aVolume('labelled'), metadata: { name: 'labelled', labels: { disk: 'ssd' } } };
      const many = { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] };
      assert.deepEqual(fit(aClaim('c'), aVolume('l', { size: '5Gi' }), aVolume('s', { size: '900Mi' })), ['l']);
      assert.deepEqual(fit(aClaim('c'), aVolume('l', { size: '5Gi' }), aVolume('m', { size: '2Gi' })), ['m', 'l']);
      assert.deepEqual(fit(aClaim('c'), aVolume('a', many), aVolume('b', { size: '2Gi' })), ['b', 'a']);
      assert.deepEqual(fit(aClaim('c', { accessModes: ['ReadWriteMany'] }), aVolume('a', many), aVolume('b')), ['a']);
      assert.deepEqual(fit(aClaim('c', { volumeMode: 'Block' }), aVolume('a')), []);
      assert.deepEqual(fit(aClaim('c', { volumeMode: 'Block' }), aVolume('a', { volumeMode: 'Block' })), ['a']);
      assert.deepEqual(fit(aClaim('c', { selector: { matchLabels: { disk: 'ssd' } } }), aVolume('a'), labelled), [
        'labelled',
      ]);
      assert.deepEqual(fit(aClaim('c'), aVolume('a', { storageClassName: 'gold' })), []);
      assert.deepEqual(fit(aClaim('c', { volumeAttributesClassName: 'fast' }), aVolume('a')), []);
      const kept = aVolume('kept', { size: '9Gi', claimRef: { namespace: 'default', name: 'c' } });
      const foreign = aVolume('foreign', { claimRef: { namespace: 'default', name: 'other' } });
      assert.deepEqual(fit(aClaim('c'), aVolume('a'), kept, foreign), ['kept', 'a']);
    });

    it('of which the claim names one: that one or none', async () => {
      await stage.make(aVolume('a'), aVolume('b'), aVolume('tiny', { size: '1Mi' }));
      await stage.make(aClaim('c', { volumeName: 'b' }), aClaim('d', { volumeName: 'tiny' }));
      assert.equal(stage.bindingOf('c'), 'b Bound');
      assert.equal(stage.claim('c').metadata.annotations?.['pv.kubernetes.io/bound-by-controller'], undefined);
      assert.equal(stage.bindingOf('d'), 'tiny Pending');
      assert.deepEqual(stage.told, [
        'VolumeMismatch: Cannot bind to requested volume "tiny": requested PV is too small',
      ]);
      await stage.make(aClaim('e', { volumeName: 'b' }), aClaim('f', { volumeName: 'later' }));
      assert.deepEqual(stage.told.slice(1), ['FailedBinding: volume "b" already bound to a different claim.']);
      await stage.make(aVolume('later'));
      assert.equal(stage.bindingOf('f'), 'later Bound');
    });

    it('that are kept for a claim: for no other, and still theirs when that has found another', async () => {
      await stage.make(aVolume('kept', { claimRef: { namespace: 'default', name: 'c' } }));
      assert.equal(stage.volume('kept').status.phase, 'Available');
      await stage.make(aClaim('d'));
      assert.equal(stage.bindingOf('d'), '- Pending');
      await stage.make(aVolume('other'), aClaim('c', { volumeName: 'other2' }), aVolume('other2'));
      assert.deepEqual(
        [stage.bindingOf('d'), stage.bindingOf('c'), stage.volume('kept').status.phase],
        ['other Bound', 'other2 Bound', 'Available'],
      );
    });

    it('wait for a pod where their class does', async () => {
      await stage.make(aClass('slow', { provisioner: 'kubernetes.io/no-provisioner' }));
      await stage.make(aVolume('v', { storageClassName: 'slow' }), aClaim('c', { storageClassName: 'slow' }));
      assert.equal(stage.bindingOf('c'), '- Pending');
      assert.deepEqual(stage.told, ['WaitForFirstConsumer: waiting for first consumer to be created before binding']);
      const { metadata } = stage.claim('c');
      await stage.world.resource(kinds.persistentvolumes).mutate('', 'v', (volume) => {
        const claimRef = { namespace: 'default', name: 'c', uid: metadata.uid };
        return { ...volume, spec: { ...volume.spec, claimRef } };
      });
      await stage.rest();
      assert.equal(stage.bindingOf('c'), 'v Bound');
    });

    it('are kept, deleted or fail as their policy says when the claim is gone', async () => {
      const policies = { keep: 'Retain', wash: 'Recycle', drop: 'Delete' };
      for (const [name, persistentVolumeReclaimPolicy] of Object.entries(policies)) {
        await stage.make(aVolume(name, { persistentVolumeReclaimPolicy }), aClaim(`c-${name}`, { volumeName: name }));
        await stage.delete(kinds.persistentvolumeclaims, `c-${name}`);
      }
      assert.deepEqual(
        stage.volumes.map(({ metadata, status }) => `${metadata.name} ${status.phase}`),
        ['keep Released', 'wash Failed', 'drop Failed'],
      );
      assert.deepEqual(stage.told, [
        'VolumeFailedRecycle: No recycler plugin found for the volume!',
        'VolumeFailedDelete: error getting deleter volume plugin for volume "drop": no volume plugin matched',
      ]);
      await stage.make(aClaim('c-keep'));
      assert.equal(stage.bindingOf('c-keep'), '- Pending');
    });

    it('that are gone are lost to their claim', async () => {
      await stage.make(aVolume('v'), aClaim('c'));
      await stage.delete(kinds.persistentvolumes, 'v');
      assert.equal(stage.bindingOf('c'), 'v Lost');
      assert.deepEqual(stage.told, [
        'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
      ]);
    });
  });

  describe('made on nodes', () => {
    beforeEach(() => stage.make(aClass('local', { mountOptions: ['noatime'] }), aNode('n1'), aNode('n2')));

    it('once the scheduler has chosen the node', async () => {
      await stage.make(aClaim('c', { ...LOCAL, accessModes: ['ReadWriteOncePod'] }));
      assert.deepEqual(stage.volumes, []);
      await stage.editClaim('c', (claim) => selected(claim, 'n2'));
      const { uid } = stage.claim('c').metadata;
      const { metadata, spec, status } = stage.volume(`pvc-${uid}`);
      assert.equal(stage.bindingOf('c'), `pvc-${uid} Bound`);
      assert.equal(status.phase, 'Bound');
      assert.deepEqual(metadata.finalizers, [DATA_FINALIZER]);
      assert.deepEqual(metadata.annotations, { 'pv.kubernetes.io/provisioned-by': 'local.dure.internal' });
      const { claimRef, nodeAffinity, ...rest } = spec;
      assert.equal(claimRef?.uid, uid);
      assert.deepEqual(nodeAffinity?.required?.nodeSelectorTerms, [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n2'] }] },
      ]);
      assert.deepEqual(rest, {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOncePod'],
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'local',
        volumeMode: 'Filesystem',
        mountOptions: ['noatime'],
        csi: { driver: 'local.dure.internal', volumeHandle: `pvc-${uid}` },
      });
      assert.deepEqual(stage.told.slice(1), [`ProvisioningSucceeded: Successfully provisioned volume pvc-${uid}`]);
    });

    it('of a class that waits for no pod: on the ready node with the fewest', async () => {
      await stage.make(aClass('now', { volumeBindingMode: 'Immediate' }));
      for (const name of ['a', 'b', 'c']) await stage.make(aClaim(name, { storageClassName: 'now' }));
      const hosts = stage.volumes.map(({ spec }) => JSON.stringify(spec.nodeAffinity).match(/n[12]/)?.[0]);
      assert.deepEqual(hosts, ['n1', 'n2', 'n1']);
    });

    it('that waits for no pod, and has no node: when there is one', async () => {
      const zones = [{ matchLabelExpressions: [{ key: 'zone', values: ['b'] }] }];
      await stage.make(aClass('now', { volumeBindingMode: 'Immediate', allowedTopologies: zones }));
      await stage.make(aClaim('c', { storageClassName: 'now' }));
      assert.deepEqual(stage.told, [
        'ProvisioningFailed: failed to provision volume with StorageClass "now": no node is ready to take it',
      ]);
      await stage.make(aNode('n3', { labels: { zone: 'b' } }));
      assert.match(stage.bindingOf('c'), /Bound$/);
    });

    it('that can not be made where the scheduler chose: it is told to choose anew', async () => {
      await stage.make(aClaim('c', LOCAL, { [SELECTED]: 'n9' }));
      assert.deepEqual(stage.claim('c').metadata.annotations, {});
      assert.ok(stage.told.includes(provisioningFailed('node "n9" not found')));
      await stage.editClaim('c', (claim) => selected(claim, 'n1'));
      assert.match(stage.bindingOf('c'), /Bound$/);
    });

    it('only as file systems', async () => {
      await stage.make(aClaim('c', { ...LOCAL, volumeMode: 'Block' }, { [SELECTED]: 'n1' }));
      assert.deepEqual(stage.told, [
        provisioningFailed('local.dure.internal does not support block volume provisioning'),
      ]);
      assert.deepEqual(stage.volumes, []);
    });

    it('grow with what their claim asks for', async () => {
      await stage.make(aClaim('c', LOCAL, { [SELECTED]: 'n1' }));
      await stage.editClaim('c', (claim) => resized(claim, '3Gi'));
      assert.deepEqual(stage.claim('c').status.capacity, { storage: '3Gi' });
      assert.deepEqual(stage.volumes[0]?.spec.capacity, { storage: '3Gi' });
      assert.ok(stage.told.includes('VolumeResizeSuccessful: Resize volume succeeded'));
    });

    it('go with their claim, once the node has removed the data', async () => {
      await stage.make(aClaim('c', LOCAL, { [SELECTED]: 'n1' }));
      await stage.delete(kinds.persistentvolumeclaims, 'c');
      const [volume] = stage.volumes;
      assert.ok(volume?.metadata.deletionTimestamp);
      assert.equal(volume.status.phase, 'Released');
      assert.deepEqual(volume.metadata.finalizers, [DATA_FINALIZER]);
      await stage.world.resource(kinds.persistentvolumes).mutate('', volume.metadata.name ?? '', (one) => ({
        ...one,
        metadata: { ...one.metadata, finalizers: [] },
      }));
      assert.deepEqual(stage.volumes, []);
    });

    it('are bound while a claim has them, also when they are deleted before they say so', async () => {
      await stage.make(aClaim('c', LOCAL, { [SELECTED]: 'n1' }));
      const { metadata } = stage.volumes[0] ?? aVolume('');
      const { name = '' } = metadata;
      const volumes = stage.world.resource(kinds.persistentvolumes);
      stage.world.lagging = true;
      await volumes.mutate('', name, (one) => ({ ...one, status: {} }), { subresource: 'status' });
      await volumes.delete('', name);
      stage.world.lagging = false;
      stage.world.deliver();
      await stage.rest();
      assert.equal(stage.bindingOf('c'), `${name} Bound`);
      assert.equal(stage.volume(name).status.phase, 'Bound');
    });

    it('wait for a lost node, and go when it is no node any more', async () => {
      await stage.make(aClaim('c', LOCAL, { [SELECTED]: 'n1' }));
      await stage.world.resource(kinds.nodes).mutate('', 'n1', () => aNode('n1', { isReady: false }), {
        subresource: 'status',
      });
      await stage.delete(kinds.persistentvolumeclaims, 'c');
      assert.equal(stage.volumes.length, 1);
      await stage.delete(kinds.nodes, 'n1');
      assert.deepEqual(stage.volumes, []);
    });

    it('of which the claim has another are deleted', async () => {
      await stage.make(aVolume('other', LOCAL), aClaim('c', { ...LOCAL, volumeName: 'other' }));
      const { uid } = stage.claim('c').metadata;
      await stage.make({
        ...aVolume('pvc-x', {
          ...LOCAL,
          persistentVolumeReclaimPolicy: 'Delete',
          csi: { driver: 'local.dure.internal', volumeHandle: 'pvc-x' },
          claimRef: { namespace: 'default', name: 'c', uid },
        }),
        metadata: { name: 'pvc-x', annotations: { 'pv.kubernetes.io/provisioned-by': 'local.dure.internal' } },
      });
      assert.deepEqual(
        stage.volumes.map(({ metadata }) => metadata.name),
        ['other'],
      );
    });
  });

  describe('made by others', () => {
    it('are asked for as external provisioners expect it, and left to them to delete', async () => {
      const provisioner = 'disks.example.org';
      await stage.make(aClass('disks', { provisioner, volumeBindingMode: 'Immediate' }));
      await stage.make(aClaim('c', { storageClassName: 'disks' }));
      assert.deepEqual(stage.claim('c').metadata.annotations, {
        'volume.kubernetes.io/storage-provisioner': provisioner,
        'volume.beta.kubernetes.io/storage-provisioner': provisioner,
      });
      assert.equal(stage.told.length, 1);
      assert.match(stage.told[0] ?? '', /^ExternalProvisioning: Waiting for a volume to be created either by the ext/);
      const { uid } = stage.claim('c').metadata;
      await stage.make({
        ...aVolume(`pvc-${uid}`, {
          storageClassName: 'disks',
          persistentVolumeReclaimPolicy: 'Delete',
          claimRef: { namespace: 'default', name: 'c', uid },
        }),
        metadata: { name: `pvc-${uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
      });
      assert.equal(stage.bindingOf('c'), `pvc-${uid} Bound`);
      await stage.delete(kinds.persistentvolumeclaims, 'c');
      assert.equal(stage.volumes[0]?.status.phase, 'Released');
    });

    it('are not to be had of a class that is missing, or that makes none', async () => {
      await stage.make(aClass('none', { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'Immediate' }));
      await stage.make(aClaim('a', { storageClassName: 'gone' }), aClaim('b', { storageClassName: 'none' }));
      assert.deepEqual(stage.told, [
        'ProvisioningFailed: storageclass.storage.k8s.io "gone" not found',
        'ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
      ]);
    });
  });

  it('of the default class are also for claims that were there before it', async () => {
    await stage.make(aClaim('c'), aClaim('classless', { storageClassName: '' }));
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await stage.make(aClass('local', { metadata: { name: 'local', annotations } }));
    assert.equal(stage.claim('c').spec.storageClassName, 'local');
    assert.equal(stage.claim('classless').spec.storageClassName, '');
  });

  describe('of ephemeral volumes', () => {
    const withScratch = (name: string): Pod => {
      const pod = aPod(name);
      const { spec } = aClaim('x', LOCAL);
      const ephemeral = { volumeClaimTemplate: { metadata: { labels: { of: name } }, spec } };
      return { ...pod, spec: { ...pod.spec, volumes: [{ name: 'scratch', ephemeral }] } };
    };

    it('have claims that the pod owns', async () => {
      await stage.make(withScratch('p'));
      const { metadata, spec } = stage.claim('p-scratch');
      assert.deepEqual(metadata.labels, { of: 'p' });
      assert.deepEqual(spec, aClaim('x', LOCAL).spec);
      const [pod] = stage.world.all(kinds.pods);
      assert.deepEqual(metadata.ownerReferences, [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'p',
          uid: pod?.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    });

    it('never take somebody else’s claim, and get their own when that has gone', async () => {
      await stage.make(aClaim('p-scratch', { storageClassName: '' }), withScratch('p'));
      assert.ok(
        stage.told.includes(
          'FailedBinding: ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)',
        ),
      );
      await stage.delete(kinds.persistentvolumeclaims, 'p-scratch');
      assert.equal(stage.claim('p-scratch').metadata.ownerReferences?.[0]?.name, 'p');
    });
  });
});

function provisioningFailed(why: string): string {
  return `ProvisioningFailed: failed to provision volume with StorageClass "local": ${why}`;
}

function selected(claim: PersistentVolumeClaim, node: string): PersistentVolumeClaim {
  const annotations = { ...claim.metadata.annotations, [SELECTED]: node };
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}

function resized(claim: PersistentVolumeClaim, storage: string): PersistentVolumeClaim {
  return { ...claim, spec: { ...claim.spec, resources: { requests: { storage } } } };
}
