/**
 * Checks values against their schema, in the words of Kubernetes' validator. What an update leaves as it was is not checked
 * again (ratcheting): a schema that has become stricter holds nobody back who changes something else.
 */
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { type Former, formerField, formerItems, NONE } from './correlate.ts';
import { hasFormat, isKnownFormat } from './formats.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import {
  additionalOf,
  hasAdditional,
  isJsonObject,
  itemsOf,
  type JsonObject,
  propertyOf,
  type Schema,
} from './schema.ts';

/** The path of an error that concerns the value as a whole, as Kubernetes writes it. */
const NOWHERE = '<nil>';

export class SchemaValidator {
  private readonly schema: Schema;
  private readonly patterns = new Map<string, Pattern>();

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /** `former` is NONE for a new object. `path` is that of the value, '' for a whole object. */
  validate(value: unknown, former: Former, path = ''): FieldError[] {
    const check = new Check(new FieldErrors(), (source) => this.pattern(source));
    check.value(value, former, this.schema, path);
    return check.errors.list;
  }

  private pattern(source: string): Pattern {
    const known = this.patterns.get(source) ?? compilePattern(source);
    this.patterns.set(source, known);
    return known;
  }
}

class Check {
  readonly errors: FieldErrors;
  private readonly pattern: (source: string) => Pattern;

  constructor(errors: FieldErrors, pattern: (source: string) => Pattern) {
    this.errors = errors;
    this.pattern = pattern;
  }

  value(value: unknown, former: Former, schema: Schema, path: string): void {
    if (former !== NONE && sameJson(value, former)) return;
    if (!this.type(value, schema, path)) return;
    if (value === null) return;
    this.enumerated(value, schema, path);
    if (typeof value === 'string') this.string(value, schema, path);
    else if (typeof value === 'number') this.number(value, schema, path);
    else if (Array.isArray(value)) this.list(value, former, schema, path);
    else if (isJsonObject(value)) this.object(value, former, schema, path);
    this.junctors(value, schema, path);
  }

  /** Whether it is worth while to look at the value further. */
  private type(value: unknown, schema: Schema, path: string): boolean {
    const wanted = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : [];
    if (value === null && schema.nullable === true) return true;
    if (wanted.length === 0 || wanted.some((type) => hasType(value, type))) return true;
    const found = value === null ? 'null' : typeOf(value);
    const named = path === '' ? '' : `${path} `;
    const detail = `${named}in body must be of type ${wanted.join(',')}: ${JSON.stringify(found)}`;
    this.errors.typeInvalid(at(path), found, detail);
    return false;
  }

  private enumerated(value: unknown, schema: Schema, path: string): void {
    if (!schema.enum || schema.enum.some((allowed) => sameJson(allowed, value))) return;
    const shown = schema.enum.map((allowed) => (typeof allowed === 'string' ? allowed : JSON.stringify(allowed)));
    this.errors.notSupported(at(path), value, shown);
  }

  private string(value: string, schema: Schema, path: string): void {
    const { maxLength, minLength, pattern, format } = schema;
    if (maxLength !== undefined || minLength !== undefined) {
      const length = lengthOf(value);
      if (maxLength !== undefined && length > maxLength) this.errors.tooLong(at(path), maxLength);
      if (minLength !== undefined && length < minLength) {
        this.invalid(path, value, `should be at least ${minLength} chars long`);
      }
    }
    if (pattern && !this.pattern(pattern).matches(value)) this.invalid(path, value, `should match '${pattern}'`);
    if (format && isKnownFormat(schema.type, format) && !hasFormat(value, format)) {
      this.invalid(path, value, `must be of type ${format}: ${JSON.stringify(value)}`);
    }
  }

  private number(value: number, schema: Schema, path: string): void {
    const { maximum, minimum, multipleOf } = schema;
    if (multipleOf !== undefined && !Number.isInteger(round(value / multipleOf))) {
      this.invalid(path, value, `should be a multiple of ${multipleOf}`);
    }
    if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
      this.invalid(path, value, `should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
    }
    if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
      this.invalid(path, value, `should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
    }
    const { format } = schema;
    if (format === 'int32' && Math.abs(value) > 2 ** 31) {
      this.invalid(path, value, `must be of type int32: ${JSON.stringify(String(value))}`);
    }
  }

  private list(value: readonly unknown[], former: Former, schema: Schema, path: string): void {
    const { maxItems, minItems } = schema;
    if (maxItems !== undefined && value.length > maxItems) {
      // Each of them may be wrong as well; nobody needs to read that.
      this.errors.tooMany(at(path), value.length, maxItems);
      return;
    }
    if (minItems !== undefined && value.length < minItems) {
      this.invalid(path, value.length, `should have at least ${minItems} items`);
    }
    const items = itemsOf(schema);
    if (!items) return;
    const formerOf = formerItems(former, schema);
    for (const [index, item] of value.entries()) this.value(item, formerOf(item), items, `${path}[${index}]`);
  }

  private object(value: JsonObject, former: Former, schema: Schema, path: string): void {
    const { maxProperties, minProperties, required } = schema;
    const names = Object.keys(value);
    if (maxProperties !== undefined && names.length > maxProperties) {
      this.errors.tooMany(at(path), names.length, maxProperties);
    }
    if (minProperties !== undefined && names.length < minProperties) {
      this.invalid(path, value, `should have at least ${minProperties} properties`);
    }
    const additional = additionalOf(schema);
    const isClosed = schema.additionalProperties === false && !hasAdditional(schema);
    for (const name of names) {
      const inner = propertyOf(schema, name) ?? additional;
      if (inner) this.value(value[name], formerField(former, name), inner, join(path, name));
      else if (isClosed) this.errors.invalid(at(path), '', `${path}.${name} in body is a forbidden property`);
    }
    for (const name of required ?? []) if (!Object.hasOwn(value, name)) this.errors.required(join(path, name));
  }

  private junctors(value: unknown, schema: Schema, path: string): void {
    const { allOf, anyOf, oneOf, not } = schema;
    for (const part of allOf ?? []) this.value(value, NONE, part, path);
    if (anyOf && anyOf.length > 0 && !anyOf.some((part) => this.holds(value, part, path))) {
      this.junctor(`${JSON.stringify(path)} must validate at least one schema (anyOf)`);
      this.explain(value, anyOf, path);
    }
    if (oneOf && oneOf.length > 0) {
      const holding = oneOf.filter((part) => this.holds(value, part, path)).length;
      const found = holding > 1 ? `Found ${holding} valid alternatives` : 'Found none valid';
      if (holding !== 1)
        this.junctor(`${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`);
      if (holding === 0) this.explain(value, oneOf, path);
    }
    if (not && this.holds(value, not, path)) {
      this.junctor(`${JSON.stringify(path)} must not validate the schema (not)`);
    }
  }

  private junctor(message: string): void {
    this.errors.invalid(NOWHERE, '', message);
  }

  /** What keeps the alternative that comes closest from holding. */
  private explain(value: unknown, alternatives: readonly Schema[], path: string): void {
    const failures = alternatives.map((part) => this.failures(value, part, path));
    const closest = failures.toSorted((a, b) => a.length - b.length)[0] ?? [];
    this.errors.list.push(...closest.slice(0, 10));
  }

  private holds(value: unknown, schema: Schema, path: string): boolean {
    return this.failures(value, schema, path).length === 0;
  }

  private failures(value: unknown, schema: Schema, path: string): FieldError[] {
    const check = new Check(new FieldErrors(), this.pattern);
    check.value(value, NONE, schema, path);
    return check.errors.list;
  }

  private invalid(path: string, value: unknown, detail: string): void {
    this.errors.invalid(at(path), value, `${path === '' ? '' : `${path} `}in body ${detail}`);
  }
}

function at(path: string): string {
  return path === '' ? NOWHERE : path;
}

export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function hasType(value: unknown, type: string): boolean {
  const found = value === null ? 'null' : typeOf(value);
  return found === type || (type === 'number' && found === 'integer');
}

/** In characters, however many bytes or code units each takes. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _letter of text) length++;
  return length;
}

/** Quotients of decimal fractions come out a little beside whole numbers. */
function round(quotient: number): number {
  const nearest = Math.round(quotient);
  return Math.abs(quotient - nearest) < 1e-9 ? nearest : quotient;
}
