/** The form of rules written in CEL (`x-kubernetes-validations`). */
import { compileRule } from '../../custom/rules.ts';
import { namesOf } from '../../custom/scale-fields.ts';
import { additionalOf, fieldSchema, itemsOf, schemasIn, type Schema } from '../../custom/schema.ts';
import type { FieldError } from '../../errors.ts';
import type { ValidationRule } from '../../schema/types/apiextensions.v1.ts';
import { FieldErrors } from '../field-errors.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** A rule that was found good before is not refused for what it costs. */
export function validateRules(schema: Schema, path: string, isUnchanged: boolean): FieldError[] {
  const errors = new FieldErrors();
  for (const found of schemasIn(schema, path)) {
    for (const [index, rule] of (found.schema['x-kubernetes-validations'] ?? []).entries()) {
      validateRule(errors, rule, found.schema, `${found.path}.x-kubernetes-validations[${index}]`);
    }
  }
  if (errors.list.length === 0 && !isUnchanged)
    compileAll(errors, schema, path, { isRoot: true, uncorrelated: undefined });
  return errors.list;
}

interface Place {
  readonly isRoot: boolean;
  /** The list or map above whose elements can't be told apart between two states of an object. */
  readonly uncorrelated: string | undefined;
}

function compileAll(errors: FieldErrors, schema: Schema, path: string, place: Place): void {
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    compileOne(errors, rule, schema, `${path}.x-kubernetes-validations[${index}]`, place);
  }
  const isAtomicMap = schema['x-kubernetes-map-type'] === 'atomic';
  const within = { isRoot: false, uncorrelated: place.uncorrelated ?? (isAtomicMap ? path : undefined) };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    compileAll(errors, property, `${path}.properties[${name}]`, within);
  }
  const additional = additionalOf(schema);
  if (additional) compileAll(errors, additional, `${path}.additionalProperties`, { ...place, isRoot: false });
  const items = itemsOf(schema);
  const isKeyed = schema['x-kubernetes-list-type'] === 'map';
  const inList = { isRoot: false, uncorrelated: place.uncorrelated ?? (isKeyed ? undefined : path) };
  if (items) compileAll(errors, items, `${path}.items`, inList);
}

function compileOne(errors: FieldErrors, rule: ValidationRule, schema: Schema, path: string, place: Place): void {
  const compiled = compileRule(rule, schema, place.isRoot);
  if (!('program' in compiled)) {
    errors.invalid(`${path}.${compiled.part}`, rule, compiled.detail);
    return;
  }
  if (compiled.isTransition && place.uncorrelated !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`;
    errors.invalid(`${path}.rule`, rule.rule, detail);
  }
  if (!compiled.isTransition && rule.optionalOldSelf !== undefined) {
    const detail = 'may not be set if oldSelf is not used in rule';
    errors.invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, detail);
  }
}

function validateRule(errors: FieldErrors, rule: ValidationRule, schema: Schema, path: string): void {
  const { message, messageExpression, reason, fieldPath } = rule;
  const text = rule.rule.trim();
  if (text === '') errors.required(`${path}.rule`, 'rule is not specified');
  else if (message && message.trim() === '')
    errors.invalid(`${path}.message`, message, 'must be non-empty if specified');
  else if (message && hasLineBreak(message.trim())) {
    errors.invalid(`${path}.message`, message, 'must not contain line breaks');
  } else if (hasLineBreak(text) && !message) {
    errors.required(`${path}.message`, 'message must be specified if rule contains line breaks');
  }
  if (messageExpression && messageExpression.trim() === '') {
    errors.required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified');
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.notSupported(`${path}.reason`, reason, REASONS);
  if (!fieldPath) return;
  if (fieldPath.trim() === '') errors.invalid(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified');
  if (hasLineBreak(fieldPath)) errors.invalid(`${path}.fieldPath`, fieldPath, 'must not contain line breaks');
  if (!leadsSomewhere(schema, fieldPath)) errors.invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path');
}

function hasLineBreak(text: string): boolean {
  return /[\n\r]/.test(text);
}

/** `.spec.foo` or `['a.b']`, through fields and keys of maps. */
function leadsSomewhere(schema: Schema, path: string): boolean {
  if (!path.startsWith('.') && !path.startsWith('[')) return false;
  const names = namesOf(path.replaceAll(/\['([^']*)'\]/g, (_, name: string) => `.${name}`));
  return names.reduce<Schema | undefined>((found, name) => found && fieldSchema(found, name), schema) !== undefined;
}
