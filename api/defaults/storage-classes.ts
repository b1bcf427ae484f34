/** Defaults of storage.k8s.io. */
import type { CSIDriver, CSINode, StorageClass, VolumeAttachment } from '../types/storage.v1.ts';

export function defaultStorageClass(storageClass: StorageClass): void {
  storageClass.provisioner ??= '';
  storageClass.reclaimPolicy ??= 'Delete';
  storageClass.volumeBindingMode ??= 'Immediate';
}

export function defaultCsiDriver(driver: CSIDriver): void {
  driver.spec ??= {};
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

export function defaultCsiNode(node: CSINode): void {
  node.spec ??= { drivers: [] };
  node.spec.drivers ??= [];
}

export function defaultVolumeAttachment(attachment: VolumeAttachment): void {
  attachment.spec ??= {} as VolumeAttachment['spec'];
  attachment.spec.source ??= {};
  defaultVolumeAttachmentStatus(attachment);
}

export function defaultVolumeAttachmentStatus(attachment: VolumeAttachment): void {
  attachment.status ??= { attached: false };
  attachment.status.attached ??= false;
}
