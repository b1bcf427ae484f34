/** PersistentVolumeClaim, alone or as the template of one. */
import type { FieldError } from '../../errors.ts';
import { copyJson, sameJson } from '../../machinery/json.ts';
import { checkDnsLabel, checkDnsSubdomain, checkQualifiedName } from '../../machinery/names.ts';
import { compareQuantities, parseQuantity, type Quantity, QuantityError } from '../../machinery/quantity.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedObjectReference } from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validatePositiveQuantity, validateQuantity } from '../resources.ts';
import { validateLabelSelector } from '../selectors.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];
const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
const NO_QUANTITY: Quantity = { nanos: 0n, format: 'DecimalSI' };

export function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  const errors = new FieldErrors();
  validateClaimSpec(errors, spec, 'spec');
  return errors.list;
}

export function validateClaimSpec(errors: FieldErrors, spec: PersistentVolumeClaimSpec, path: string): void {
  if (!spec.accessModes?.length) errors.required(`${path}.accessModes`, 'at least 1 access mode is required');
  validateLabelSelector(errors, spec.selector, `${path}.selector`);
  validateAccessModes(errors, spec.accessModes ?? [], `${path}.accessModes`);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) errors.required(`${path}.resources[storage]`);
  else validatePositiveQuantity(errors, storage, `${path}.resources[storage]`);
  validateClass(errors, spec, 'storageClassName', path);
  const { volumeMode } = spec;
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.notSupported(`${path}.volumeMode`, volumeMode, VOLUME_MODES);
  }
  validateSources(errors, spec, path);
  validateClass(errors, spec, 'volumeAttributesClassName', path);
}

function validateClass(
  errors: FieldErrors,
  spec: PersistentVolumeClaimSpec,
  field: 'storageClassName' | 'volumeAttributesClassName',
  path: string,
): void {
  if (spec[field]) errors.check(`${path}.${field}`, spec[field], checkDnsSubdomain);
}

/** Shared with volumes. */
export function validateAccessModes(errors: FieldErrors, modes: readonly string[], path: string): void {
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.notSupported(path, mode, ACCESS_MODES);
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod')) {
    errors.forbidden(path, 'may not use ReadWriteOncePod with other access modes');
  }
}

function validateSources(
  errors: FieldErrors,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  path: string,
): void {
  if (dataSource) validateSource(errors, dataSource, `${path}.dataSource`);
  if (dataSourceRef) validateSource(errors, dataSourceRef, `${path}.dataSourceRef`);
  if (!dataSource || !dataSourceRef) return;
  if (dataSourceRef.namespace) {
    errors.invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (!sameJson(dataSource, { ...dataSourceRef, namespace: undefined })) {
    errors.invalid(path, `${path}.dataSource`, 'must match dataSourceRef');
  }
}

function validateSource(errors: FieldErrors, source: TypedObjectReference, path: string): void {
  const { name, kind, apiGroup = '', namespace } = source;
  if (!name) errors.required(`${path}.name`);
  if (!kind) errors.required(`${path}.kind`);
  if (apiGroup !== '') errors.check(`${path}.apiGroup`, apiGroup, checkDnsSubdomain);
  else if (kind !== 'PersistentVolumeClaim') {
    errors.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  if (namespace) errors.check(`${path}.namespace`, namespace, checkDnsLabel);
}

export function validateClaimUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const errors = new FieldErrors();
  const classBefore = previous.metadata.annotations?.[CLASS_ANNOTATION];
  const classNow = next.metadata.annotations?.[CLASS_ANNOTATION];
  const isUpgrade = movesClass(next, previous);
  if (!isUpgrade && classBefore !== classNow) {
    errors.invalid(`metadata.annotations[${CLASS_ANNOTATION}]`, classNow ?? '', 'field is immutable');
  }
  if (!sameJson(withMutablesOf(next, previous, isUpgrade), previous.spec)) errors.forbidden('spec', IMMUTABLE);
  validateSize(errors, next, previous);
  const { volumeMode } = next.spec;
  errors.immutable('volumeMode', volumeMode === previous.spec.volumeMode, volumeMode);
  validateAttributesClass(errors, next, previous);
  return errors.list;
}

/** From the annotation of old, or from nothing, to the field: a claim learns its class once. */
function movesClass({ metadata, spec }: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean {
  const before = previous.metadata.annotations?.[CLASS_ANNOTATION];
  const now = metadata.annotations?.[CLASS_ANNOTATION];
  if (previous.spec.storageClassName !== undefined || spec.storageClassName === undefined) return false;
  return before === undefined
    ? now === before
    : spec.storageClassName === before && (now === undefined || now === before);
}

/** `next.spec` with what may change as it was. */
function withMutablesOf(
  next: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
  isUpgrade: boolean,
): PersistentVolumeClaimSpec {
  const spec = copyJson(next.spec);
  const before = previous.spec;
  const restore = (field: 'volumeName' | 'storageClassName' | 'volumeAttributesClassName'): void => {
    if (before[field] === undefined) delete spec[field];
    else spec[field] = before[field];
  };
  if (!before.volumeName) restore('volumeName');
  if (isUpgrade) restore('storageClassName');
  if (next.status.phase !== 'Bound') return spec;
  const storage = before.resources.requests?.['storage'];
  if (spec.resources.requests && storage !== undefined) spec.resources.requests['storage'] = storage;
  restore('volumeAttributesClassName');
  return spec;
}

/** A size that could not be reached may be taken back, but never to what there is or less. */
function validateSize(errors: FieldErrors, next: PersistentVolumeClaim, previous: PersistentVolumeClaim): void {
  const size = quantityOf(next.spec.resources?.requests?.['storage']);
  const before = quantityOf(previous.spec.resources?.requests?.['storage']);
  const present = quantityOf(previous.status.capacity?.['storage']);
  if (compareQuantities(size, before) < 0 && compareQuantities(size, present) <= 0) {
    errors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
}

function quantityOf(text: string | undefined): Quantity {
  if (text === undefined) return NO_QUANTITY;
  try {
    return parseQuantity(text);
  } catch (error) {
    // What is no quantity has been said already, by the validation of the field itself.
    if (error instanceof QuantityError) return NO_QUANTITY;
    throw error;
  }
}

function validateAttributesClass(
  errors: FieldErrors,
  { spec }: PersistentVolumeClaim,
  { spec: before, status }: PersistentVolumeClaim,
): void {
  const wanted = spec.volumeAttributesClassName;
  if (wanted === before.volumeAttributesClassName || status.currentVolumeAttributesClassName === undefined) return;
  if (wanted) return;
  const to = wanted === undefined ? 'nil' : 'empty string';
  const detail = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  errors.forbidden('spec.volumeAttributesClassName', detail);
}

export function validateClaimStatus({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const errors = new FieldErrors();
  if (!spec.accessModes?.length) errors.required('Spec.accessModes');
  for (const [name, amount] of Object.entries(status.capacity ?? {})) {
    validateQuantity(errors, amount, `status.capacity[${name}]`);
  }
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    validateResourceKey(errors, name, 'status.allocatedResourceStatuses');
    if (!RESIZE_STATES.includes(state)) errors.notSupported('status.allocatedResourceStatuses', name, RESIZE_STATES);
  }
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    validateResourceKey(errors, name, 'status.allocatedResources');
    validateQuantity(errors, amount, `status.allocatedResources[${name}]`);
  }
  return errors.list;
}

function validateResourceKey(errors: FieldErrors, name: string, path: string): void {
  const wrong = checkQualifiedName(name);
  errors.invalidEach(path, name, wrong);
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  if (wrong.length === 0 && isNative && name !== 'storage') errors.notSupported(path, name, ['storage']);
}
