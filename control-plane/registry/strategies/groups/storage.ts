/** storage.k8s.io */
import {
  defaultCsiDriver,
  defaultCsiNode,
  defaultStorageClass,
  defaultVolumeAttachment,
  defaultVolumeAttachmentStatus,
} from '../../../../api/defaults/storage-classes.ts';
import type { storageKinds } from '../../../../api/kinds/storage.ts';
import { checkDnsSubdomain } from '../../../../api/machinery/names.ts';
import {
  validateCsiDriver,
  validateCsiDriverUpdate,
  validateCsiNode,
  validateCsiNodeUpdate,
  validateCsiStorageCapacity,
  validateCsiStorageCapacityUpdate,
} from '../../../../api/validation/storage/csi.ts';
import {
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolumeAttributesClass,
  validateVolumeAttributesClassUpdate,
} from '../../../../api/validation/storage/storage-class.ts';
import {
  validateNewVolumeAttachment,
  validateVolumeAttachment,
  validateVolumeAttachmentUpdate,
} from '../../../../api/validation/storage/volume-attachment.ts';
import { warnOfStorageCapacity, warnOfStorageClass } from '../../../../api/validation/warnings.ts';
import type { StrategiesOf } from '../../strategy.ts';

export const storageStrategies: StrategiesOf<typeof storageKinds> = {
  storageclasses: {
    checkName: checkDnsSubdomain,
    applyDefaults: defaultStorageClass,
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
    warnings: warnOfStorageClass,
  },
  csidrivers: {
    checkName: checkDnsSubdomain,
    generation: 'from the first change',
    unconditionalUpdate: false,
    applyDefaults: defaultCsiDriver,
    validate: validateCsiDriver,
    validateUpdate: validateCsiDriverUpdate,
  },
  csinodes: {
    checkName: checkDnsSubdomain,
    unconditionalUpdate: false,
    applyDefaults: defaultCsiNode,
    validate: validateCsiNode,
    validateUpdate: validateCsiNodeUpdate,
  },
  csistoragecapacities: {
    checkName: checkDnsSubdomain,
    unconditionalUpdate: false,
    applyDefaults() {},
    validate: validateCsiStorageCapacity,
    validateUpdate: validateCsiStorageCapacityUpdate,
    warnings: warnOfStorageCapacity,
  },
  volumeattachments: {
    checkName: checkDnsSubdomain,
    unconditionalUpdate: false,
    applyDefaults: defaultVolumeAttachment,
    prepareForCreate(attachment) {
      attachment.status = { attached: false };
    },
    validate: validateVolumeAttachment,
    validateNew: validateNewVolumeAttachment,
    validateUpdate: validateVolumeAttachmentUpdate,
    prepareForStatusUpdate(next) {
      next.status = { ...next.status };
      defaultVolumeAttachmentStatus(next);
    },
    validateStatusUpdate: validateVolumeAttachment,
  },
  volumeattributesclasses: {
    checkName: checkDnsSubdomain,
    applyDefaults() {},
    validate: validateVolumeAttributesClass,
    validateUpdate: validateVolumeAttributesClassUpdate,
  },
};
