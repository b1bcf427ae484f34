/** Claims and volumes in a world of their own, with the controllers that care for them. */
import assert from 'node:assert/strict';

import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';
import { EphemeralVolumes } from '../../../control-plane/controllers/ephemeral-volumes/ephemeral-volumes.ts';
import { StorageProtection } from '../../../control-plane/controllers/storage-protection/storage-protection.ts';
import { VolumeBinding } from '../../../control-plane/controllers/volume-binding/volume-binding.ts';
import { World, settle } from './world.ts';

export function aClaim(
  name: string,
  spec: Partial<PersistentVolumeClaimSpec> & { size?: string } = {},
  annotations: Record<string, string> = {},
): PersistentVolumeClaim {
  const { size = '1Gi', ...rest } = spec;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default', annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...rest },
    status: { phase: 'Pending' },
  };
}

export function aVolume(name: string, spec: Partial<PersistentVolumeSpec> & { size?: string } = {}): PersistentVolume {
  const { size = '1Gi', ...rest } = spec;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: size },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      csi: { driver: 'disks.example.org', volumeHandle: name },
      ...rest,
    },
    status: { phase: 'Pending' },
  };
}

export function aClass(name: string, fields: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, ...fields.metadata },
    provisioner: 'local.dure.internal',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
    ...fields,
  };
}

export function aNode(name: string, fields: { isReady?: boolean; labels?: Record<string, string> } = {}): Node {
  const { isReady = true, labels = {} } = fields;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  } as unknown as Node;
}

export class VolumeStage {
  readonly world = new World();
  private readonly runners = [
    this.world.runner(new VolumeBinding({ registry: this.world })),
    this.world.runner(new EphemeralVolumes({ registry: this.world })),
    this.world.runner(new StorageProtection({ registry: this.world })),
  ];

  async open(): Promise<void> {
    for (const runner of this.runners) await runner.start();
    await this.rest();
  }

  async close(): Promise<void> {
    for (const runner of this.runners) await runner.stop();
  }

  /** Until nobody has anything left to do, as long as no time passes. */
  async rest(): Promise<void> {
    do await settle();
    while (this.runners.some(({ quiet }) => !quiet));
  }

  async make(...objects: KubeObject[]): Promise<void> {
    for (const object of objects) {
      const kind = Object.values<Kind>(kinds).find((each) => each.kind === object.kind);
      assert.ok(kind);
      await this.world.of(kind).create(object);
    }
    await this.rest();
  }

  async editClaim(name: string, edit: (claim: PersistentVolumeClaim) => PersistentVolumeClaim): Promise<void> {
    await this.world.resource(kinds.persistentvolumeclaims).mutate('default', name, edit);
    await this.rest();
  }

  async delete(kind: Kind, name: string): Promise<void> {
    await this.world.of(kind).delete(kind.namespaced ? 'default' : '', name);
    await this.rest();
  }

  findClaim(name: string): PersistentVolumeClaim | undefined {
    return this.world.all(kinds.persistentvolumeclaims).find(({ metadata }) => metadata.name === name);
  }

  claim(name: string): PersistentVolumeClaim {
    const claim = this.findClaim(name);
    assert.ok(claim, `there is no claim ${name}`);
    return claim;
  }

  get volumes(): PersistentVolume[] {
    return this.world.all(kinds.persistentvolumes);
  }

  volume(name: string): PersistentVolume {
    const volume = this.volumes.find(({ metadata }) => metadata.name === name);
    assert.ok(volume, `there is no volume ${name}`);
    return volume;
  }

  /** `volume phase` of the claim. */
  bindingOf(claim: string): string {
    const { spec, status } = this.claim(claim);
    return `${spec.volumeName ?? '-'} ${status.phase}`;
  }

  /** The events' reasons and messages. */
  get told(): string[] {
    return this.world.events.map(({ reason, message }) => `${reason}: ${message}`);
  }
}
