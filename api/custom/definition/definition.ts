/** What holds for CustomResourceDefinitions, in Kubernetes' words. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDns1035Label, checkDnsSubdomain } from '../../machinery/names.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
} from '../../types/apiextensions.v1.ts';
import { FieldErrors } from '../../validation/field-errors.ts';
import { validateApproval } from './approval.ts';
import { validateConversion } from './conversion.ts';
import { validateVersion } from './version.ts';

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const errors = new FieldErrors();
  const { metadata, spec, status } = definition;
  const { plural } = spec.names;
  if (metadata.name !== `${plural}.${spec.group}`) {
    errors.invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group');
  }
  validateSpec(errors, spec, undefined);
  validateStatus(errors, definition, status.storedVersions);
  validateApproval(errors, definition, undefined);
  if (spec.preserveUnknownFields) forbidPreserving(errors, spec);
  return errors.list;
}

export function validateDefinitionUpdate(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition,
): FieldError[] {
  const errors = new FieldErrors();
  const { spec } = next;
  validateSpec(errors, spec, previous.spec);
  const before = previous.spec;
  const isEstablished = previous.status.conditions.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  if (isEstablished) {
    errors.immutable('spec.scope', spec.scope === before.scope, spec.scope);
    errors.immutable('spec.names.kind', spec.names.kind === before.names.kind, spec.names.kind);
  }
  errors.immutable('spec.group', spec.group === before.group, spec.group);
  errors.immutable('spec.names.plural', spec.names.plural === before.names.plural, spec.names.plural);
  validateStatus(errors, next, next.status.storedVersions);
  validateApproval(errors, next, previous);
  if (spec.preserveUnknownFields && !before.preserveUnknownFields) forbidPreserving(errors, spec);
  return errors.list;
}

export function validateDefinitionStatus(next: CustomResourceDefinition): FieldError[] {
  const errors = new FieldErrors();
  validateNames(errors, next.status.acceptedNames, 'status.acceptedNames');
  return errors.list;
}

function validateStatus(
  errors: FieldErrors,
  { spec, status }: CustomResourceDefinition,
  stored: readonly string[],
): void {
  const path = 'status.storedVersions';
  validateNames(errors, status.acceptedNames, 'status.acceptedNames');
  if (stored.length === 0) {
    errors.invalid(path, stored, 'must have at least one stored version');
    return;
  }
  for (const { name, storage } of spec.versions) {
    if (storage && !stored.includes(name)) errors.invalid(path, stored, `must have the storage version ${name}`);
  }
  for (const [index, name] of stored.entries()) {
    if (spec.versions.some((version) => version.name === name)) continue;
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.invalid(`${path}[${index}]`, name, detail);
  }
}

function forbidPreserving(errors: FieldErrors, { preserveUnknownFields }: CustomResourceDefinitionSpec): void {
  const detail =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  errors.invalid('spec.preserveUnknownFields', preserveUnknownFields, detail);
}

function validateSpec(
  errors: FieldErrors,
  spec: CustomResourceDefinitionSpec,
  previous: CustomResourceDefinitionSpec | undefined,
): void {
  const { group, scope, versions, names, conversion } = spec;
  validateGroup(errors, group);
  errors.oneOf('spec.scope', scope, ['Cluster', 'Namespaced']);
  for (const [index, version] of versions.entries()) {
    const before = previous?.versions.find(({ name }) => name === version.name);
    const isUnchanged = before !== undefined && sameJson(before.schema, version.schema);
    validateVersion(errors, version, `spec.versions[${index}]`, { isSchemaUnchanged: isUnchanged });
  }
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) {
    errors.invalid('spec.versions', versions, 'must contain unique version names');
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.invalid('spec.versions', versions, 'must have exactly one version marked as storage version');
  }
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (!names[field]) errors.required(`spec.names.${field}`);
  }
  validateNames(errors, names, 'spec.names');
  if (conversion) validateConversion(errors, conversion, 'spec.conversion');
}

function validateGroup(errors: FieldErrors, group: string): void {
  const path = 'spec.group';
  const wrong = checkDnsSubdomain(group);
  if (group === '') errors.required(path);
  else if (wrong.length > 0) errors.invalid(path, group, wrong.join(','));
  else if (!group.includes('.')) errors.invalid(path, group, 'should be a domain with at least one dot');
}

function validateNames(errors: FieldErrors, names: CustomResourceDefinitionNames, path: string): void {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  label(errors, `${path}.plural`, plural);
  label(errors, `${path}.singular`, singular);
  mixedCase(errors, `${path}.kind`, kind);
  mixedCase(errors, `${path}.listKind`, listKind);
  for (const [index, name] of shortNames.entries()) label(errors, `${path}.shortNames[${index}]`, name, true);
  if (kind !== '' && kind === listKind) {
    errors.invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same');
  }
  for (const [index, name] of categories.entries()) label(errors, `${path}.categories[${index}]`, name, true);
}

function label(errors: FieldErrors, path: string, value = '', isRequired = false): void {
  const wrong = value === '' && !isRequired ? [] : checkDns1035Label(value);
  if (wrong.length > 0) errors.invalid(path, value, wrong.join(','));
}

function mixedCase(errors: FieldErrors, path: string, value = ''): void {
  const wrong = value === '' ? [] : checkDns1035Label(value.toLowerCase());
  if (wrong.length === 0) return;
  errors.invalid(path, value, `may have mixed case, but should otherwise match: ${wrong.join(',')}`);
}
