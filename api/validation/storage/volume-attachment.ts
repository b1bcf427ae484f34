/** VolumeAttachment: the wish that a volume be attached to a node, and what came of it. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsSubdomain, rangeMessage } from '../../machinery/names.ts';
import type { PersistentVolumeSpec } from '../../types/core.v1.ts';
import type { VolumeAttachment, VolumeError } from '../../types/storage.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateAccessModes } from './claim.ts';
import { validateDriverName } from './csi.ts';
import { validateAttributesClass, validateVolumeSource } from './volume.ts';

const MAX_METADATA_BYTES = 256 * 1024;
const MAX_MESSAGE_BYTES = 1024;
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

export function validateVolumeAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const errors = new FieldErrors();
  if (!spec.attacher) errors.required('spec.attacher');
  const { inlineVolumeSpec, persistentVolumeName } = spec.source ?? {};
  if (!inlineVolumeSpec && persistentVolumeName === undefined) errors.required('spec.source', ONE_SOURCE);
  else if (inlineVolumeSpec && persistentVolumeName !== undefined) errors.forbidden('spec.source', ONE_SOURCE);
  else if (persistentVolumeName === '') {
    errors.required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName');
  } else if (inlineVolumeSpec) validateInlineVolume(errors, inlineVolumeSpec, 'spec.source.inlineVolumeSpec');
  errors.check('spec.nodeName', spec.nodeName, checkDnsSubdomain);
  validateStatus(errors, status, 'status');
  return errors.list;
}

/** A volume that is no object of its own: nobody claims it, and its driver knows its size. */
function validateInlineVolume(errors: FieldErrors, spec: PersistentVolumeSpec, path: string): void {
  const context = 'in the context of inline volumes';
  const forbid = (field: keyof PersistentVolumeSpec): void =>
    errors.forbidden(`${path}.${field}`, `may not be specified ${context}`);
  if (spec.claimRef) forbid('claimRef');
  if (Object.keys(spec.capacity ?? {}).length > 0) forbid('capacity');
  if (!spec.csi) errors.required(`${path}.csi`, `has to be specified ${context}`);
  if (!spec.accessModes?.length) errors.required(`${path}.accessModes`);
  validateAccessModes(errors, spec.accessModes ?? [], `${path}.accessModes`);
  if (spec.persistentVolumeReclaimPolicy && spec.persistentVolumeReclaimPolicy !== 'Retain') {
    errors.forbidden(`${path}.persistentVolumeReclaimPolicy`, `may only be Retain ${context}`);
  }
  if (spec.nodeAffinity) forbid('nodeAffinity');
  validateVolumeSource(errors, spec, path);
  if (spec.storageClassName) forbid('storageClassName');
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Filesystem') {
    errors.forbidden(`${path}.volumeMode`, `may not specify volumeMode other than Filesystem ${context}`);
  }
  validateAttributesClass(errors, spec, path);
}

/** What is asked only of new ones. */
export function validateNewVolumeAttachment({ spec }: VolumeAttachment): FieldError[] {
  const errors = new FieldErrors();
  validateDriverName(errors, spec.attacher, 'spec.attacher');
  const name = spec.source?.persistentVolumeName;
  if (name !== undefined) errors.check('spec.source.persistentVolumeName', name, checkDnsSubdomain);
  return errors.list;
}

export function validateVolumeAttachmentUpdate(next: VolumeAttachment, previous: VolumeAttachment): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('spec', sameJson(next.spec, previous.spec), next.spec);
  return errors.list;
}

function validateStatus(errors: FieldErrors, status: VolumeAttachment['status'], path: string): void {
  const metadata = Object.entries(status.attachmentMetadata ?? {});
  const bytes = metadata.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > MAX_METADATA_BYTES) errors.tooLong(`${path}.attachmentMetadata`, MAX_METADATA_BYTES);
  for (const field of ['attachError', 'detachError'] as const) validateError(errors, status[field], `${path}.${field}`);
}

function validateError(errors: FieldErrors, error: VolumeError | undefined, path: string): void {
  if (!error) return;
  if (Buffer.byteLength(error.message ?? '') > MAX_MESSAGE_BYTES) errors.tooLong(`${path}.message`, MAX_METADATA_BYTES);
  if (error.errorCode !== undefined && error.errorCode < 0) {
    errors.invalid(`${path}.errorCode`, error.errorCode, rangeMessage(0, 2 ** 31 - 1));
  }
}
