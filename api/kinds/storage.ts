/** storage.k8s.io */
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../types/storage.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'storage.k8s.io';
const TYPES = 'io.k8s.api.storage.v1';

export const storageKinds = {
  storageclasses: kind<StorageClass>({
    group: GROUP,
    kind: 'StorageClass',
    plural: 'storageclasses',
    shortNames: ['sc'],
    namespaced: false,
    schema: `${TYPES}.StorageClass`,
  }),
  csidrivers: kind<CSIDriver>({
    group: GROUP,
    kind: 'CSIDriver',
    plural: 'csidrivers',
    namespaced: false,
    schema: `${TYPES}.CSIDriver`,
  }),
  csinodes: kind<CSINode>({
    group: GROUP,
    kind: 'CSINode',
    plural: 'csinodes',
    namespaced: false,
    schema: `${TYPES}.CSINode`,
  }),
  csistoragecapacities: kind<CSIStorageCapacity>({
    group: GROUP,
    kind: 'CSIStorageCapacity',
    plural: 'csistoragecapacities',
    schema: `${TYPES}.CSIStorageCapacity`,
  }),
  volumeattachments: kind<VolumeAttachment>({
    group: GROUP,
    kind: 'VolumeAttachment',
    plural: 'volumeattachments',
    namespaced: false,
    status: true,
    schema: `${TYPES}.VolumeAttachment`,
  }),
  volumeattributesclasses: kind<VolumeAttributesClass>({
    group: GROUP,
    kind: 'VolumeAttributesClass',
    plural: 'volumeattributesclasses',
    shortNames: ['vac'],
    namespaced: false,
    schema: `${TYPES}.VolumeAttributesClass`,
  }),
};
