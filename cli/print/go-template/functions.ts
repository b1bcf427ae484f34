/** The functions of Go templates, and the two that kubectl adds. `and` and `or` are the evaluator's: they may leave operands out. */
import { formatted } from './format.ts';
import { field, isFields, isList, isTrue, kindOf, textOf, type Value } from './values.ts';

type TemplateFunction = (...args: readonly Value[]) => Value;

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
};
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

/** Each throws an Error that says what is wrong with what it was given. */
export const functions: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['not', (value) => !isTrue(value)],
  ['len', lengthOf],
  ['index', (value, ...keys) => keys.reduce(elementOf, value)],
  ['slice', sliceOf],
  ['print', (...values) => printed(values)],
  ['println', (...values) => `${values.map((value) => textOf(value, '<nil>')).join(' ')}\n`],
  ['printf', (format, ...values) => formatted(stringOf('printf', format), values)],
  ['html', (...values) => printed(values).replaceAll(/["'&<>\0]/g, (found) => HTML[found] ?? found)],
  ['js', (...values) => escapedForScript(printed(values))],
  ['urlquery', (...values) => queryEscaped(printed(values))],
  ['eq', (first, ...others) => neededOthers(others).some((other) => areEqual(first, other))],
  ['ne', (a, b) => !areEqual(a, b)],
  ['lt', (a, b) => order(a, b) < 0],
  ['le', (a, b) => order(a, b) <= 0],
  ['gt', (a, b) => order(a, b) > 0],
  ['ge', (a, b) => order(a, b) >= 0],
  ['exists', (value, ...keys) => doesExist(value, keys)],
  ['base64decode', (value) => decoded(stringOf('base64decode', value))],
]);

/** Those that are evaluated as far as they need it. */
export const LAZY_FUNCTIONS = new Set(['and', 'or']);

function lengthOf(value: Value): bigint {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
  if (isList(value)) return BigInt(value.length);
  if (isFields(value)) return BigInt(Object.keys(value).length);
  throw new Error(value === null || value === undefined ? 'len of nil pointer' : `len of type ${kindOf(value)}`);
}

function elementOf(value: Value, key: Value): Value {
  if (isFields(value)) {
    if (typeof key !== 'string') throw new Error(`value has type ${kindOf(key)}; should be string`);
    return field(value, key);
  }
  if (!isList(value)) throw new Error(`can't index item of type ${kindOf(value)}`);
  if (typeof key !== 'bigint') throw new Error(`cannot index slice/array with type ${kindOf(key)}`);
  if (key < 0n || key >= BigInt(value.length)) throw new Error(`index out of range: ${key}`);
  return value[Number(key)];
}

function sliceOf(value: Value, ...bounds: readonly Value[]): Value {
  if (typeof value !== 'string' && !isList(value)) throw new Error(`can't slice item of type ${kindOf(value)}`);
  const [from = 0, to = value.length] = bounds.map((bound) => {
    if (typeof bound !== 'bigint') throw new Error(`cannot index slice/array with type ${kindOf(bound)}`);
    if (bound < 0n || bound > BigInt(value.length)) throw new Error(`index out of range: ${bound}`);
    return Number(bound);
  });
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return value.slice(from, to);
}

/** With spaces between two that are both no text. */
function printed(values: readonly Value[]): string {
  return values
    .map((value, at) => {
      const before = values[at - 1];
      const apart = at > 0 && typeof value !== 'string' && typeof before !== 'string';
      return `${apart ? ' ' : ''}${textOf(value, '<nil>')}`;
    })
    .join('');
}

function escapedForScript(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\\'"<>&=\u0000-\u001F]/g, (found) => {
    const code = found.codePointAt(0) ?? 0;
    return JS[found] ?? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function queryEscaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (found) => `%${(found.codePointAt(0) ?? 0).toString(16).toUpperCase()}`);
}

function neededOthers(others: readonly Value[]): readonly Value[] {
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others;
}

function areEqual(a: Value, b: Value): boolean {
  const [kind, other] = [kindOf(a), kindOf(b)];
  if (kind === 'nil' || other === 'nil') return kind === other;
  for (const value of [a, b]) {
    if (isList(value) || isFields(value)) throw new Error(`non-comparable type ${kindOf(value)}`);
  }
  if (kind !== other) throw new Error(`incompatible types for comparison: ${kind} and ${other}`);
  return a === b;
}

function order(a: Value, b: Value): number {
  const kind = kindOf(a);
  if (!['string', 'float64', 'int'].includes(kind)) throw new Error('invalid type for comparison');
  if (kind !== kindOf(b)) throw new Error('incompatible types for comparison');
  if (a === b) return 0;
  return (a as string) < (b as string) ? -1 : 1;
}

function doesExist(value: Value, keys: readonly Value[]): boolean {
  let current = value;
  for (const key of keys) {
    if (isFields(current) && typeof key === 'string' && Object.hasOwn(current, key)) current = field(current, key);
    else if (isList(current) && typeof key === 'bigint' && key >= 0n && key < BigInt(current.length))
      current = current[Number(key)];
    else return false;
  }
  return current !== null && current !== undefined;
}

function decoded(text: string): string {
  const compact = text.replaceAll(/[\r\n]/g, '');
  const stranger = compact.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  const bad = stranger >= 0 ? stranger : compact.length % 4 === 0 ? -1 : compact.length - (compact.length % 4);
  if (bad >= 0) throw new Error(`base64 decode failed: illegal base64 data at input byte ${bad}`);
  return Buffer.from(compact, 'base64').toString();
}

function stringOf(name: string, value: Value): string {
  if (typeof value === 'string') return value;
  throw new Error(`wrong type for value; expected string; got ${kindOf(value)} (${name})`);
}
