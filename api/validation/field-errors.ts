/** Collects what is wrong with an object, in Kubernetes' wording of field errors. */
import type { FieldError } from '../errors.ts';

/** Who made more mistakes in one object reads no further; an object of 3 MiB can hold a million. */
const MAX_ERRORS = 100;

export class FieldErrors {
  readonly list: FieldError[] = [];

  /** Nothing more is taken, so that nothing new does not mean that nothing is wrong. */
  get isFull(): boolean {
    return this.list.length >= MAX_ERRORS;
  }

  #add(error: FieldError): void {
    if (!this.isFull) this.list.push(error);
  }

  required(field: string, detail?: string): void {
    this.#add({ type: 'FieldValueRequired', field, message: withDetail('Required value', detail) });
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.#add({ type: 'FieldValueInvalid', field, message: withDetail(`Invalid value: ${show(value)}`, detail) });
  }

  /** What is wrong is not one value, but how several go together. */
  inconsistent(field: string, detail: string): void {
    this.#add({ type: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` });
  }

  /** One error for each of `details`, as the checks of names return them. */
  invalidEach(field: string, value: unknown, details: readonly string[]): void {
    for (const detail of details) this.invalid(field, value, detail);
  }

  /** A value of a form that has a check; one that is missing is judged as an empty one. */
  check<V extends string | number>(field: string, value: V | undefined, check: (value: V) => readonly string[]): void {
    // A list of names may hold an empty object: the types say what clients should send, not what they do.
    const present = value ?? ('' as V);
    this.invalidEach(field, present, check(present));
  }

  /** The supported values are told of in the order in which they are given: Kubernetes sorts some of them and some not. */
  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const values = supported.map((each) => JSON.stringify(each));
    const message = `Unsupported value: ${show(value)}: supported values: ${values.join(', ')}`;
    this.#add({ type: 'FieldValueNotSupported', field, message });
  }

  duplicate(field: string, value: unknown, detail?: string): void {
    this.#add({ type: 'FieldValueDuplicate', field, message: withDetail(`Duplicate value: ${show(value)}`, detail) });
  }

  forbidden(field: string, detail: string): void {
    this.#add({ type: 'FieldValueForbidden', field, message: `Forbidden: ${detail}` });
  }

  notFound(field: string, value: unknown): void {
    this.#add({ type: 'FieldValueNotFound', field, message: `Not found: ${show(value)}` });
  }

  tooLong(field: string, maxBytes: number): void {
    this.#add({
      type: 'FieldValueTooLong',
      field,
      message: `Too long: may not be more than ${maxBytes} bytes`,
    });
  }

  tooMany(field: string, count: number, most: number): void {
    this.#add({
      type: 'FieldValueTooMany',
      field,
      message: `Too many: ${count}: must have at most ${most} items`,
    });
  }

  typeInvalid(field: string, value: unknown, detail: string): void {
    this.#add({ type: 'FieldValueTypeInvalid', field, message: `Invalid value: ${show(value)}: ${detail}` });
  }

  /** The value must be one of a closed set; an empty one is missing. */
  oneOf(field: string, value: string | undefined, supported: readonly string[]): void {
    if (!value) this.required(field);
    else if (!supported.includes(value)) this.notSupported(field, value, supported);
  }

  notNegative(field: string, value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(field, value, 'must be greater than or equal to 0');
  }

  /** The value must not differ from what it was. */
  immutable(field: string, isSame: boolean, value: unknown): void {
    if (!isSame) this.invalid(field, value, 'field is immutable');
  }
}

function withDetail(text: string, detail: string | undefined): string {
  return detail ? `${text}: ${detail}` : text;
}

/** Strings quoted, the rest as JSON; an absent value as Go shows nothing there. */
function show(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}
