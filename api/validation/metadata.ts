/** What holds for the metadata of every object (apimachinery `ValidateObjectMeta`). */
import type { ObjectMeta, OwnerReference } from '../types/meta.v1.ts';
import { checkDnsLabel, checkDnsSubdomain, checkLabelValue, checkQualifiedName } from '../machinery/names.ts';
import { FieldErrors } from './field-errors.ts';

export type NameCheck = (name: string) => string[];

const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['foregroundDeletion', 'orphan', 'kubernetes']);

export interface MetadataRules {
  namespaced: boolean;
  checkName: NameCheck;
}

export function validateMetadata(errors: FieldErrors, metadata: ObjectMeta, rules: MetadataRules): void {
  const path = 'metadata';
  if (metadata.generateName) {
    errors.invalidEach(`${path}.generateName`, metadata.generateName, rules.checkName(maskDash(metadata.generateName)));
  }
  if (!metadata.name) errors.required(`${path}.name`, 'name or generateName is required');
  else errors.check(`${path}.name`, metadata.name, rules.checkName);
  if (rules.namespaced) {
    if (!metadata.namespace) errors.required(`${path}.namespace`);
    else errors.check(`${path}.namespace`, metadata.namespace, checkDnsLabel);
  } else if (metadata.namespace) {
    errors.forbidden(`${path}.namespace`, 'not allowed on this type');
  }
  validateLabels(errors, metadata.labels, `${path}.labels`);
  validateAnnotations(errors, metadata.annotations, `${path}.annotations`);
  validateOwners(errors, metadata.ownerReferences ?? [], `${path}.ownerReferences`);
  validateFinalizers(errors, metadata.finalizers ?? [], `${path}.finalizers`);
}

export function validateMetadataUpdate(errors: FieldErrors, next: ObjectMeta, previous: ObjectMeta): void {
  if (previous.deletionTimestamp !== undefined) forbidNewFinalizers(errors, next, previous);
  const fixed = ['name', 'namespace', 'uid', 'creationTimestamp'] as const;
  for (const field of fixed) {
    errors.immutable(`metadata.${field}`, (next[field] ?? '') === (previous[field] ?? ''), next[field]);
  }
}

function forbidNewFinalizers(errors: FieldErrors, next: ObjectMeta, previous: ObjectMeta): void {
  const added = (next.finalizers ?? []).filter((finalizer) => !previous.finalizers?.includes(finalizer));
  if (added.length === 0) return;
  const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`;
  errors.forbidden('metadata.finalizers', detail);
}

export function validateLabels(errors: FieldErrors, labels: Record<string, string> | undefined, path: string): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.check(path, key, checkQualifiedName);
    errors.check(path, value, checkLabelValue);
  }
}

export function validateAnnotations(
  errors: FieldErrors,
  annotations: Record<string, string> | undefined,
  path: string,
): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.invalidEach(path, key, checkQualifiedName(key.toLowerCase()));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) errors.tooLong(path, MAX_ANNOTATIONS_BYTES);
}

function validateOwners(errors: FieldErrors, owners: readonly OwnerReference[], path: string): void {
  let controller: string | undefined;
  owners.forEach((owner) => {
    if (!owner.apiVersion) errors.invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty');
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!owner[field]) errors.invalid(`${path}.${field}`, owner[field] ?? '', 'must not be empty');
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      errors.invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner');
    }
    if (!owner.controller) return;
    if (controller) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.kind}/${owner.name}`;
      errors.invalid(path, owners, detail);
    }
    controller ??= `${owner.kind}/${owner.name}`;
  });
}

function validateFinalizers(errors: FieldErrors, finalizers: readonly string[], path: string): void {
  finalizers.forEach((finalizer, index) => {
    const at = `${path}[${index}]`;
    errors.check(path, finalizer, checkQualifiedName);
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      errors.invalid(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
    }
  });
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
}

/** A prefix may end in a dash, as the suffix comes after it. */
function maskDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix;
}

export { checkDnsSubdomain as checkDefaultName };
