/** One version of a definition: its schema, its subresources, its columns and the fields it can be selected by. */
import { namesOf } from '../scale-fields.ts';
import { propertyOf, type Schema } from '../schema.ts';
import { JsonPathError } from '../../machinery/jsonpath-parse.ts';
import { Template } from '../../machinery/jsonpath.ts';
import { checkDns1035Label } from '../../machinery/names.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
} from '../../types/apiextensions.v1.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { validateSchema } from './schema.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];
const MAX_SELECTABLE = 8;
const MAX_WARNING = 256;

export interface VersionRules {
  /** The schema was found good before; limits that came later do not hold it up. */
  readonly isSchemaUnchanged: boolean;
}

export function validateVersion(
  errors: FieldErrors,
  version: CustomResourceDefinitionVersion,
  path: string,
  rules: VersionRules,
): void {
  const wrong = checkDns1035Label(version.name ?? '');
  if (wrong.length > 0) errors.invalid(`${path}.name`, version.name, wrong.join(','));
  validateDeprecation(errors, version, `${path}.deprecationWarning`);
  const { subresources, additionalPrinterColumns = [], selectableFields = [] } = version;
  const schema = version.schema?.openAPIV3Schema;
  const schemaPath = `${path}.schema.openAPIV3Schema`;
  if (!schema) errors.required(schemaPath);
  else validateSchema(errors, schema, schemaPath, { ...rules, hasStatus: subresources?.status !== undefined });
  if (subresources?.scale) validateScale(errors, subresources.scale, `${path}.subresources.scale`);
  for (const [index, column] of additionalPrinterColumns.entries()) {
    validateColumn(errors, column, `${path}.additionalPrinterColumns[${index}]`);
  }
  if (schema) validateSelectable(errors, selectableFields, schema, `${path}.selectableFields`);
}

function validateDeprecation(
  errors: FieldErrors,
  { deprecated, deprecationWarning: warning }: CustomResourceDefinitionVersion,
  path: string,
): void {
  if (warning === undefined) return;
  if (!deprecated) errors.invalid(path, warning, 'can only be set for deprecated versions');
  if (Buffer.byteLength(warning) > MAX_WARNING) errors.invalid(path, warning, 'must be <= 256 characters long');
  if (warning === '') errors.invalid(path, warning, 'must not be an empty string');
  const odd = warning.search(/[^\P{C}]|[^\P{Z} ]/u);
  if (odd >= 0) {
    const detail = `must only contain printable UTF-8 characters; non-printable character found at index ${odd}`;
    errors.invalid(path, warning, detail);
  }
}

function validateScale(errors: FieldErrors, scale: CustomResourceSubresourceScale, path: string): void {
  const { specReplicasPath: spec, statusReplicasPath: status, labelSelectorPath: selector } = scale;
  if (!spec) errors.required(`${path}.specReplicasPath`);
  else below(errors, spec, `${path}.specReplicasPath`, ['.spec.'], 'should be a json path under .spec');
  if (!status) errors.required(`${path}.statusReplicasPath`);
  else below(errors, status, `${path}.statusReplicasPath`, ['.status.'], 'should be a json path under .status');
  if (!selector) return;
  const either = 'should be a json path under either .spec or .status';
  below(errors, selector, `${path}.labelSelectorPath`, ['.spec.', '.status.'], either);
}

function below(errors: FieldErrors, value: string, path: string, roots: readonly string[], detail: string): void {
  if (!value.startsWith('.')) errors.invalid(path, value, 'must be a simple json path starting with .');
  else if (!roots.some((root) => value.startsWith(root))) errors.invalid(path, value, detail);
}

function validateColumn(errors: FieldErrors, column: CustomResourceColumnDefinition, path: string): void {
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (!column.name) errors.required(`${path}.name`);
  if (!column.type) errors.required(`${path}.type`, types);
  else if (!COLUMN_TYPES.includes(column.type)) errors.invalid(`${path}.type`, column.type, types);
  if (column.format && !COLUMN_FORMATS.includes(column.format)) {
    errors.invalid(`${path}.format`, column.format, `must be one of ${COLUMN_FORMATS.join(',')}`);
  }
  const { jsonPath } = column;
  if (!jsonPath) errors.required(`${path}.JSONPath`);
  else if (!jsonPath.startsWith('.')) {
    errors.invalid(`${path}.JSONPath`, jsonPath, 'must be a simple json path starting with .');
  } else {
    const wrong = pathError(jsonPath);
    if (wrong) errors.invalid(`${path}.JSONPath`, jsonPath, wrong);
  }
}

function pathError(jsonPath: string): string | undefined {
  try {
    Template.parse(`{${jsonPath}}`);
    return undefined;
  } catch (error) {
    if (error instanceof JsonPathError) return error.message;
    throw error;
  }
}

function validateSelectable(
  errors: FieldErrors,
  fields: readonly { readonly jsonPath: string }[],
  schema: Schema,
  path: string,
): void {
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) {
      errors.required(at);
      continue;
    }
    const names = namesOf(jsonPath);
    const found = names.reduce<Schema | undefined>((inner, name) => inner && propertyOf(inner, name), schema);
    if (!jsonPath.startsWith('.') || !found) {
      errors.invalid(at, jsonPath, `is an invalid path: does not refer to a valid field`);
      continue;
    }
    if (names[0] === 'metadata') errors.invalid(at, jsonPath, 'must not point to fields in metadata');
    if (!SELECTABLE_TYPES.includes(found.type ?? '')) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      errors.invalid(at, jsonPath, detail);
    }
    if (seen.has(jsonPath)) errors.duplicate(at, jsonPath);
    seen.add(jsonPath);
  }
  if (seen.size > MAX_SELECTABLE) errors.tooMany(path, seen.size, MAX_SELECTABLE);
}
