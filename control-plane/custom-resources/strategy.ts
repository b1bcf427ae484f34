/** What custom objects have of their own on the way into the store: all of it read from their definition. */
import { type FieldError, forbidden } from '../../api/errors.ts';
import type { Kind, ScalePaths } from '../../api/kinds.ts';
import { copyJson, sameJson } from '../../api/machinery/json.ts';
import { checkDnsSubdomain } from '../../api/machinery/names.ts';
import type { KubeObject } from '../../api/object.ts';
import { type Former, NONE } from '../../api/custom/correlate.ts';
import { defaulted } from '../../api/custom/defaults.ts';
import { validateEmbedded } from '../../api/custom/embedded.ts';
import { validateListTypes } from '../../api/custom/list-types.ts';
import { validateReplicas, validateSelectorText } from '../../api/custom/scale-fields.ts';
import { propertyOf, type Schema } from '../../api/custom/schema.ts';
import { SchemaValidator } from '../../api/custom/validate.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import type { Strategy } from '../registry/strategy.ts';

export interface CustomObject extends KubeObject {
  status?: unknown;
  [field: string]: unknown;
}

/** The rules of a schema that are written in CEL. */
export interface Rules {
  /** `former` is NONE for a new object. */
  validate(object: CustomObject, former: Former): FieldError[];
}

export interface CustomStrategyOptions {
  kind: Kind;
  schema: Schema;
  rules: Rules | undefined;
  /** The definition is being deleted, so nothing new is made. */
  isTerminating: () => boolean;
}

/** Some errors make rules pointless: they would be asked about values of other types than they were written for. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

export class CustomStrategy implements Strategy<CustomObject> {
  readonly checkName = checkDnsSubdomain;
  readonly generation = true;
  readonly unconditionalUpdate = false;
  readonly validatesUpdateAlone = true;
  private readonly options: CustomStrategyOptions;
  private readonly validator: SchemaValidator;
  private readonly statusValidator: SchemaValidator | undefined;

  constructor(options: CustomStrategyOptions) {
    this.options = options;
    this.validator = new SchemaValidator(options.schema);
    const status = propertyOf(options.schema, 'status');
    this.statusValidator = status && new SchemaValidator(status);
  }

  readonly applyDefaults = (object: CustomObject): void => {
    const filled = defaulted(object, this.options.schema);
    for (const name of Object.keys(object)) if (!Object.hasOwn(filled, name)) delete object[name];
    Object.assign(object, filled);
  };

  readonly prepareForCreate = (object: CustomObject): void => {
    const { kind, isTerminating } = this.options;
    if (isTerminating()) {
      const why = 'create not allowed while custom resource definition is terminating';
      throw forbidden(kind, object.metadata.name ?? '', why);
    }
    if (kind.status) delete object.status;
  };

  readonly prepareForUpdate = (next: CustomObject, previous: CustomObject): void => {
    if (!this.options.kind.status) return;
    if (previous.status === undefined) delete next.status;
    else next.status = previous.status;
  };

  /** Who writes the status writes nothing else, not even metadata. */
  readonly prepareForStatusUpdate = (next: CustomObject, previous: CustomObject): void => {
    const { managedFields } = next.metadata;
    next.metadata = { ...copyJson(previous.metadata), ...(managedFields ? { managedFields } : {}) };
    if (next.status === undefined) return;
    next.status = defaulted(next.status, propertyOf(this.options.schema, 'status'));
  };

  readonly bumpsGeneration = (next: CustomObject, previous: CustomObject): boolean =>
    !this.options.kind.status && !sameJson(next.status, previous.status);

  readonly validate = (object: CustomObject): FieldError[] => this.check(object, NONE);
  readonly validateUpdate = (next: CustomObject, previous: CustomObject): FieldError[] => this.check(next, previous);

  readonly validateStatusUpdate = (next: CustomObject, previous: CustomObject): FieldError[] => {
    const former = previous.status === undefined ? NONE : previous.status;
    const errors =
      this.statusValidator && next.status !== undefined
        ? this.statusValidator.validate(next.status, former, 'status')
        : [];
    errors.push(...this.scaleErrors(next, ['status']));
    return this.withRules(errors, next, previous);
  };

  private check(object: CustomObject, previous: CustomObject | typeof NONE): FieldError[] {
    const { schema } = this.options;
    const errors = this.validator.validate(object, previous);
    errors.push(...this.scaleErrors(object, ['spec', 'status']), ...validateEmbedded(object, schema));
    return this.withRules(errors, object, previous);
  }

  private withRules(errors: FieldError[], object: CustomObject, previous: CustomObject | typeof NONE): FieldError[] {
    const { schema, rules } = this.options;
    if (previous === NONE || validateListTypes(previous, schema).length === 0)
      errors.push(...validateListTypes(object, schema));
    if (!rules) return errors;
    if (!errors.some(({ type }) => BLOCKING.has(type))) return [...errors, ...rules.validate(object, previous)];
    const message =
      'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    return [...errors, { type: 'FieldValueInvalid', field: '<nil>', message }];
  }

  private scaleErrors(object: CustomObject, parts: readonly string[]): FieldError[] {
    const paths: ScalePaths | undefined = this.options.kind.scalePaths;
    const errors = new FieldErrors();
    if (!paths) return [];
    if (parts.includes('spec')) validateReplicas(errors, object, paths.specReplicas);
    validateReplicas(errors, object, paths.statusReplicas);
    if (paths.labelSelector) validateSelectorText(errors, object, paths.labelSelector);
    return errors.list;
  }
}
