/** StorageClass and VolumeAttributesClass: kinds of volumes that can be asked for by name. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkQualifiedName } from '../../machinery/names.ts';
import type { TopologySelectorLabelRequirement, TopologySelectorTerm } from '../../types/core.v1.ts';
import type { StorageClass, VolumeAttributesClass } from '../../types/storage.v1.ts';
import { FieldErrors } from '../field-errors.ts';

const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_BYTES = 256 * 1024;
const RECLAIM_POLICIES = ['Delete', 'Retain'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const errors = new FieldErrors();
  const { reclaimPolicy, volumeBindingMode, allowedTopologies = [] } = storageClass;
  validateDriver(errors, storageClass.provisioner, 'provisioner');
  validateParameters(errors, storageClass.parameters ?? {}, 'parameters');
  if (reclaimPolicy && !RECLAIM_POLICIES.includes(reclaimPolicy)) {
    errors.notSupported('reclaimPolicy', reclaimPolicy, RECLAIM_POLICIES);
  }
  if (volumeBindingMode === undefined) errors.required('volumeBindingMode');
  else if (!BINDING_MODES.includes(volumeBindingMode)) {
    errors.notSupported('volumeBindingMode', volumeBindingMode, BINDING_MODES);
  }
  validateTopologies(errors, allowedTopologies, 'allowedTopologies');
  return errors.list;
}

export function validateStorageClassUpdate(next: StorageClass, previous: StorageClass): FieldError[] {
  const errors = new FieldErrors();
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    if (!sameJson(next[field], previous[field])) errors.forbidden(field, `updates to ${field} are forbidden.`);
  }
  const { volumeBindingMode } = next;
  errors.immutable('volumeBindingMode', volumeBindingMode === previous.volumeBindingMode, volumeBindingMode);
  return errors.list;
}

export function validateVolumeAttributesClass({ driverName, parameters = {} }: VolumeAttributesClass): FieldError[] {
  const errors = new FieldErrors();
  validateDriver(errors, driverName, 'driverName');
  validateParameters(errors, parameters, 'parameters');
  if (Object.keys(parameters).length === 0) {
    errors.required('parameters', 'must contain at least one key/value pair');
  }
  return errors.list;
}

export function validateVolumeAttributesClassUpdate(
  next: VolumeAttributesClass,
  previous: VolumeAttributesClass,
): FieldError[] {
  const errors = new FieldErrors();
  for (const field of ['driverName', 'parameters'] as const) {
    if (!sameJson(next[field], previous[field])) errors.forbidden(field, `updates to ${field} are forbidden.`);
  }
  return errors.list;
}

function validateDriver(errors: FieldErrors, name: string | undefined, path: string): void {
  if (!name) errors.required(path);
  else errors.check(path, name.toLowerCase(), checkQualifiedName);
}

function validateParameters(errors: FieldErrors, parameters: Readonly<Record<string, string>>, path: string): void {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) {
    errors.tooLong(path, MAX_PARAMETERS);
    return;
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.invalid(path, key, 'field can not be empty.');
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_PARAMETERS_BYTES) errors.tooLong(path, MAX_PARAMETERS_BYTES);
}

function validateTopologies(errors: FieldErrors, terms: readonly TopologySelectorTerm[], path: string): void {
  const seen = new Set<string>();
  terms.forEach((term, index) => {
    const at = `${path}[${index}].matchLabelExpressions`;
    const byKey = validateTopologyTerm(errors, term, at);
    const text = JSON.stringify([...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(text)) errors.duplicate(at, '');
    seen.add(text);
  });
}

/** The sorted values of each key, by which two terms can be seen to be the same. */
function validateTopologyTerm(
  errors: FieldErrors,
  { matchLabelExpressions = [] }: TopologySelectorTerm,
  path: string,
): Map<string, string[]> {
  const byKey = new Map<string, string[]>();
  matchLabelExpressions.forEach(({ key = '', values = [] }: Partial<TopologySelectorLabelRequirement>, index) => {
    const at = `${path}[${index}]`;
    if (values.length === 0) errors.required(`${at}.values`);
    const seen = new Set<string>();
    values.forEach((value, place) => {
      if (seen.has(value)) errors.duplicate(`${at}.values[${place}]`, value);
      seen.add(value);
    });
    errors.check(`${at}.key`, key, checkQualifiedName);
    if (byKey.has(key)) errors.duplicate(`${at}.key`, key);
    byKey.set(key, values.toSorted());
  });
  return byKey;
}
