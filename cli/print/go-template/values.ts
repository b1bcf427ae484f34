/** Values of Go templates: what JSON holds, and whole numbers, which templates themselves make. */

/** A number is Go's float64, as all numbers of objects are; a bigint is Go's int. Undefined is a key that is not there. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly Value[]
  | { readonly [key: string]: Value };

export type Fields = { readonly [key: string]: Value };

export function isFields(value: Value): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** In the order in which Go goes through maps. */
export function sortedKeys(value: Fields): string[] {
  return Object.keys(value).toSorted((a, b) => (a < b ? -1 : 1));
}

export function field(value: Fields, name: string): Value {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** False, zero, nil, and what is empty count as no. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isFields(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** As Go prints it with %v. */
export function textOf(value: Value, nil = '<no value>'): string {
  if (value === null || value === undefined) return nil;
  if (isList(value)) return `[${value.map((each) => textOf(each, '<nil>')).join(' ')}]`;
  if (isFields(value)) {
    const pairs = sortedKeys(value).map((key) => `${key}:${textOf(field(value, key), '<nil>')}`);
    return `map[${pairs.join(' ')}]`;
  }
  return typeof value === 'number' ? floatText(value) : String(value);
}

/** Exponents have two digits at least. */
function floatText(value: number): string {
  return String(value).replace(/e([+-])(\d)$/, (_whole, sign: string, digit: string) => `e${sign}0${digit}`);
}

/** Go's name of its kind. */
export function kindOf(value: Value): string {
  if (value === null || value === undefined) return 'nil';
  if (isList(value)) return 'slice';
  if (isFields(value)) return 'map';
  return { string: 'string', number: 'float64', bigint: 'int', boolean: 'bool' }[
    typeof value as 'string' | 'number' | 'bigint' | 'boolean'
  ];
}
