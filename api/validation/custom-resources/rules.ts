/** The form of rules written in CEL (`x-kubernetes-validations`). */
import { namesOf } from '../../custom/scale-fields.ts';
import { fieldSchema, schemasIn, type Schema } from '../../custom/schema.ts';
import type { FieldError } from '../../errors.ts';
import type { ValidationRule } from '../../schema/types/apiextensions.v1.ts';
import { FieldErrors } from '../field-errors.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

export function validateRules(schema: Schema, path: string, _isUnchanged: boolean): FieldError[] {
  const errors = new FieldErrors();
  for (const found of schemasIn(schema, path)) {
    for (const [index, rule] of (found.schema['x-kubernetes-validations'] ?? []).entries()) {
      validateRule(errors, rule, found.schema, `${found.path}.x-kubernetes-validations[${index}]`);
    }
  }
  return errors.list;
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
