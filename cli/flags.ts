/**
 * Flags of a verb, declared as a table: what each takes, its short name, its default. The types of the values follow
 * from the table.
 */
import { parseDuration } from '../api/machinery/duration.ts';

export interface Flag<T> {
  readonly help: string;
  /** One letter. */
  readonly short?: string;
  /** What kind of value it takes, for --help. */
  readonly placeholder: string;
  readonly fallback: T;
  /** The value of a flag that is given without one; then only `--flag=value` gives it another. */
  readonly bare?: string;
  /** `before` is the value until now. Throws an Error that says what is wrong with the text. */
  parse(text: string, before: T): T;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;
export type Values<Table> = { readonly [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never };

/** `-o`'s letter, and the help. */
interface Said {
  readonly short?: string;
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
const NANOSECONDS_PER_MILLISECOND = 1e6;

export function toggle(help: string, options: Said & { readonly fallback?: boolean } = {}): Flag<boolean> {
  const parse = (text: string): boolean => {
    if (TRUE.has(text)) return true;
    if (FALSE.has(text)) return false;
    throw new Error(`strconv.ParseBool: parsing "${text}": invalid syntax`);
  };
  return { fallback: false, ...options, help, placeholder: '', bare: 'true', parse };
}

export function text(help: string, options: Said & { readonly placeholder?: string } = {}): Flag<string | undefined> {
  return { placeholder: 'string', ...options, help, fallback: undefined, parse: (value) => value };
}

/** Like text, with a value when nobody gives one. */
export function textOr(fallback: string, help: string, options: Said = {}): Flag<string> {
  return { placeholder: 'string', ...options, help, fallback, parse: (value) => value };
}

/** May be given without a value, and then has the value `bare`. */
export function textWithBare(bare: string, fallback: string, help: string, options: Said = {}): Flag<string> {
  return { placeholder: `string[="${bare}"]`, ...options, help, fallback, bare, parse: (value) => value };
}

export function integer(help: string, options: Said = {}): Flag<number | undefined> {
  return { placeholder: 'int', ...options, help, fallback: undefined, parse: parseInteger };
}

export function integerOr(fallback: number, help: string, options: Said = {}): Flag<number> {
  return { placeholder: 'int', ...options, help, fallback, parse: parseInteger };
}

/** 64 bits wide; 0 when it is not given. */
export function wideInteger(help: string, options: Said = {}): Flag<bigint> {
  const parse = (value: string): bigint => BigInt(checkedInteger(value));
  return { placeholder: 'int', ...options, help, fallback: 0n, parse };
}

/** A length of time such as 1m30s; in milliseconds. */
export function duration(help: string, options: Said = {}): Flag<number | undefined> {
  return { placeholder: 'duration', ...options, help, fallback: undefined, parse: parseMilliseconds };
}

export function durationOr(fallback: number, help: string, options: Said = {}): Flag<number> {
  return { placeholder: 'duration', ...options, help, fallback, parse: parseMilliseconds };
}

/** Given several times, or once with commas. */
export function list(help: string, options: Said & { readonly placeholder?: string } = {}): Flag<readonly string[]> {
  const parse = (value: string, before: readonly string[]): string[] => [...before, ...value.split(',')];
  return { placeholder: 'strings', ...options, help, fallback: [], parse };
}

/** Given several times, commas being part of a value. */
export function array(help: string, options: Said = {}): Flag<readonly string[]> {
  return { placeholder: 'stringArray', ...options, help, fallback: [], parse: (value, before) => [...before, value] };
}

/** `a=b,c=d`, given several times; the last value of a key counts. */
export function pairs(help: string): Flag<ReadonlyMap<string, string>> {
  const parse = (value: string, before: ReadonlyMap<string, string>): Map<string, string> =>
    new Map([...before, ...value.split(',').map(parsePair)]);
  return { placeholder: 'stringToString', help, fallback: new Map(), parse };
}

/** How a table's name of a flag is written: `dryRun` is `--dry-run`. */
export function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function parsePair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  if (equals < 0) throw new Error(`${pair} must be formatted as key=value`);
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

function parseInteger(value: string): number {
  return Number(checkedInteger(value));
}

function checkedInteger(value: string): string {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
  return value.replace('+', '');
}

function parseMilliseconds(value: string): number {
  const nanoseconds = parseDuration(value);
  if (Number.isNaN(nanoseconds)) throw new Error(`time: invalid duration "${value}"`);
  return nanoseconds / NANOSECONDS_PER_MILLISECOND;
}
