/** Strings: CEL's own functions and the strings extension, version 2. Positions count characters, not code units. */
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, DYN, INT, listOf, STRING } from '../types.ts';
import { type ListValue, sizeOf, type Value, ValueList } from '../values.ts';
import { formatText } from './text-format.ts';

const SPACE = /[\s\u0085]/;

function traversal(factor: number): (args: readonly Value[]) => number {
  return ([text]) => Math.max(1, Math.ceil(sizeOf(text) * factor));
}

const ONCE = traversal(0.1);
const TWICE = traversal(0.2);

function productCost([text, part]: readonly Value[]): number {
  return Math.max(1, Math.ceil(sizeOf(text) * 0.1) * Math.ceil(sizeOf(part) * 0.1));
}

function affixCost([, part]: readonly Value[]): number {
  return Math.max(1, Math.ceil(sizeOf(part) * 0.1));
}

function joinCost([list, separator]: readonly Value[]): number {
  let size = sizeOf(list) * sizeOf(separator ?? '');
  for (const item of list as ListValue) size += sizeOf(item);
  return Math.max(1, Math.ceil(size * 0.2));
}

/** What a replacement grows to is paid for before it is made. */
function replaceCost([text, from, to]: readonly Value[]): number {
  const count = sizeOf(text) / Math.max(1, sizeOf(from)) + 1;
  return Math.max(1, Math.ceil((sizeOf(text) + count * Math.max(0, sizeOf(to) - sizeOf(from))) * 0.2));
}

function characters(text: string): readonly string[] {
  return Array.from(text);
}

function position(text: readonly string[], at: bigint): number {
  if (at < 0n || at > BigInt(text.length)) throw new EvaluationError(`index out of range: ${at}`);
  return Number(at);
}

function charAt(text: string, at: bigint): string {
  const all = characters(text);
  return all[position(all, at)] ?? '';
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const all = characters(text);
  const start = position(all, from);
  const at = text.indexOf(part, all.slice(0, start).join('').length);
  return at < 0 ? -1n : BigInt(characters(text.slice(0, at)).length);
}

function lastIndexOf(text: string, part: string, from: bigint | undefined): bigint {
  const all = characters(text);
  const until = from === undefined ? text.length : all.slice(0, position(all, from)).join('').length;
  const at = text.lastIndexOf(part, until);
  return at < 0 ? -1n : BigInt(characters(text.slice(0, at)).length);
}

function substring(text: string, from: bigint, to: bigint | undefined): string {
  const all = characters(text);
  const start = position(all, from);
  const end = to === undefined ? all.length : position(all, to);
  if (start > end) throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`);
  return all.slice(start, end).join('');
}

function replace(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(from, () => to);
  let left = limit;
  return text.replaceAll(from, (found) => (left-- > 0n ? to : found));
}

function split(text: string, separator: string, limit: bigint): ListValue {
  if (limit === 0n) return new ValueList([]);
  const parts = separator === '' ? [...characters(text)] : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return new ValueList(parts);
  const kept = parts.slice(0, Number(limit) - 1);
  return new ValueList([...kept, parts.slice(Number(limit) - 1).join(separator)]);
}

function join(list: ListValue, separator: string): string {
  const texts = [...list];
  if (!texts.every((text) => typeof text === 'string')) throw new EvaluationError('no such overload');
  return texts.join(separator);
}

function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}

function trim(text: string): string {
  // From the ends: an expression for the spaces at the end would try each run of spaces that is not there.
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end -= 1;
  let begin = 0;
  while (begin < end && SPACE.test(text.charAt(begin))) begin += 1;
  return text.slice(begin, end);
}

const QUOTED: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
]);

function quote(text: string): string {
  return `"${characters(text.toWellFormed())
    .map((character) => QUOTED.get(character) ?? character)
    .join('')}"`;
}

const TEXT_TEXT = [STRING, STRING];

export const stringLibrary: readonly Overload[] = [
  method<[string, string]>('contains', { params: TEXT_TEXT, result: BOOL, cost: productCost }, ([text, part]) =>
    text.includes(part),
  ),
  method<[string, string]>('startsWith', { params: TEXT_TEXT, result: BOOL, cost: affixCost }, ([text, part]) =>
    text.startsWith(part),
  ),
  method<[string, string]>('endsWith', { params: TEXT_TEXT, result: BOOL, cost: affixCost }, ([text, part]) =>
    text.endsWith(part),
  ),
  method<[string, bigint]>('charAt', { params: [STRING, INT], result: STRING, cost: ONCE }, ([text, at]) =>
    charAt(text, at),
  ),
  method<[string, string]>('indexOf', { params: TEXT_TEXT, result: INT, cost: productCost }, ([text, part]) =>
    indexOf(text, part, 0n),
  ),
  method<[string, string, bigint]>(
    'indexOf',
    { params: [STRING, STRING, INT], result: INT, cost: productCost },
    ([text, part, from]) => indexOf(text, part, from),
  ),
  method<[string, string]>('lastIndexOf', { params: TEXT_TEXT, result: INT, cost: productCost }, ([text, part]) =>
    lastIndexOf(text, part, undefined),
  ),
  method<[string, string, bigint]>(
    'lastIndexOf',
    { params: [STRING, STRING, INT], result: INT, cost: productCost },
    ([text, part, from]) => lastIndexOf(text, part, from),
  ),
  method<[string, bigint]>('substring', { params: [STRING, INT], result: STRING, cost: ONCE }, ([text, from]) =>
    substring(text, from, undefined),
  ),
  method<[string, bigint, bigint]>(
    'substring',
    { params: [STRING, INT, INT], result: STRING, cost: ONCE },
    ([text, from, to]) => substring(text, from, to),
  ),
  method<[string, string, string]>(
    'replace',
    { params: [STRING, STRING, STRING], result: STRING, cost: replaceCost },
    ([text, from, to]) => replace(text, from, to, -1n),
  ),
  method<[string, string, string, bigint]>(
    'replace',
    { params: [STRING, STRING, STRING, INT], result: STRING, cost: replaceCost },
    ([text, from, to, limit]) => replace(text, from, to, limit),
  ),
  method<[string, string]>('split', { params: TEXT_TEXT, result: listOf(STRING), cost: TWICE }, ([text, separator]) =>
    split(text, separator, -1n),
  ),
  method<[string, string, bigint]>(
    'split',
    { params: [STRING, STRING, INT], result: listOf(STRING), cost: TWICE },
    ([text, separator, limit]) => split(text, separator, limit),
  ),
  method<[ListValue]>('join', { params: [listOf(STRING)], result: STRING, cost: joinCost }, ([list]) => join(list, '')),
  method<[ListValue, string]>(
    'join',
    { params: [listOf(STRING), STRING], result: STRING, cost: joinCost },
    ([list, separator]) => join(list, separator),
  ),
  method<[string]>('lowerAscii', { params: [STRING], result: STRING, cost: ONCE }, ([text]) => lowerAscii(text)),
  method<[string]>('upperAscii', { params: [STRING], result: STRING, cost: ONCE }, ([text]) => upperAscii(text)),
  method<[string]>('trim', { params: [STRING], result: STRING, cost: ONCE }, ([text]) => trim(text)),
  method<[string, ListValue]>('format', { params: [STRING, listOf(DYN)], result: STRING }, ([text, args], context) =>
    formatText(text, args, context),
  ),
  overload<[string]>('strings.quote', { params: [STRING], result: STRING, cost: ONCE }, ([text]) => quote(text)),
];
