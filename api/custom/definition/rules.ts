/** The form of rules written in CEL (`x-kubernetes-validations`). */
import { ESTIMATE_LIMIT } from '../../cel/budget.ts';
import { estimateCost, itemCount, valueCount } from '../rule-cost.ts';
import { compileRule } from '../rules.ts';
import { namesOf } from '../scale-fields.ts';
import { additionalOf, fieldSchema, itemsOf, schemasIn, type Schema } from '../schema.ts';
import type { FieldError } from '../../errors.ts';
import type { ValidationRule } from '../../types/apiextensions.v1.ts';
import { FieldErrors } from '../../validation/field-errors.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** A rule that was found good before is not refused for what it costs. */
export function validateRules(schema: Schema, path: string, isUnchanged: boolean): FieldError[] {
  const errors = new FieldErrors();
  for (const found of schemasIn(schema, path)) {
    for (const [index, rule] of (found.schema['x-kubernetes-validations'] ?? []).entries()) {
      validateRule(errors, rule, found.schema, `${found.path}.x-kubernetes-validations[${index}]`);
    }
  }
  if (errors.list.length > 0 || isUnchanged) return errors.list;
  const total = compileAll(errors, schema, path, { isRoot: true, uncorrelated: undefined, times: 1 });
  if (total > SCHEMA_LIMIT) {
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    errors.forbidden(path, costMessage(what, total, SCHEMA_LIMIT));
  }
  return errors.list;
}

/** What all rules of a schema together may be estimated to cost. */
const SCHEMA_LIMIT = 100_000_000;

function costMessage(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  const advice =
    'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${what} exceeds budget by factor of ${text} (${advice})`;
}

interface Place {
  readonly isRoot: boolean;
  /** The list or map above whose elements can't be told apart between two states of an object. */
  readonly uncorrelated: string | undefined;
  /** How many values of this schema one object can have. */
  readonly times: number;
}

/** Returns what all rules within are estimated to cost together. */
function compileAll(errors: FieldErrors, schema: Schema, path: string, place: Place): number {
  let total = 0;
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    total += compileOne(errors, rule, schema, `${path}.x-kubernetes-validations[${index}]`, place);
  }
  const isAtomicMap = schema['x-kubernetes-map-type'] === 'atomic';
  const { times } = place;
  const within = { isRoot: false, times, uncorrelated: place.uncorrelated ?? (isAtomicMap ? path : undefined) };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    total += compileAll(errors, property, `${path}.properties[${name}]`, within);
  }
  const additional = additionalOf(schema);
  if (additional) {
    const inMap = { ...place, isRoot: false, times: times * valueCount(schema, additional) };
    total += compileAll(errors, additional, `${path}.additionalProperties`, inMap);
  }
  const items = itemsOf(schema);
  const isKeyed = schema['x-kubernetes-list-type'] === 'map';
  const uncorrelated = place.uncorrelated ?? (isKeyed ? undefined : path);
  const inList = { isRoot: false, uncorrelated, times: times * itemCount(schema) };
  if (items) total += compileAll(errors, items, `${path}.items`, inList);
  return total;
}

function compileOne(errors: FieldErrors, rule: ValidationRule, schema: Schema, path: string, place: Place): number {
  const compiled = compileRule(rule, schema, place.isRoot);
  if (!('program' in compiled)) {
    errors.invalid(`${path}.${compiled.part}`, rule, compiled.detail);
    return 0;
  }
  if (compiled.isTransition && place.uncorrelated !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`;
    errors.invalid(`${path}.rule`, rule.rule, detail);
  }
  if (!compiled.isTransition && rule.optionalOldSelf !== undefined) {
    const detail = 'may not be set if oldSelf is not used in rule';
    errors.invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, detail);
  }
  const cost = place.times * estimateCost(compiled.program.checked);
  const messageCost = compiled.message ? place.times * estimateCost(compiled.message.checked) : 0;
  if (cost > ESTIMATE_LIMIT) errors.forbidden(`${path}.rule`, costMessage('estimated rule cost', cost, ESTIMATE_LIMIT));
  if (messageCost > ESTIMATE_LIMIT) {
    const detail = costMessage('estimated messageExpression cost', messageCost, ESTIMATE_LIMIT);
    errors.forbidden(`${path}.messageExpression`, detail);
  }
  return cost + messageCost;
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
