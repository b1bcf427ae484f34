/**
 * Flags of a long-running program, from the command line, the environment and a YAML file, in this order. commander
 * parses; what is the same everywhere (names, types, messages) is said once, in a table of flags.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';

export interface Flag<T> {
  readonly help: string;
  /** The value when nobody says anything; undefined makes the flag one that may be left out. */
  readonly fallback: T | undefined;
  /** What kind of value it takes, for --help; absent for a switch. */
  readonly placeholder?: string;
  /** Throws an Error that says what is wrong. */
  parse(text: string): T;
  /** Whether the flag may be given more than once. */
  readonly isList?: boolean;
}

export type Values<Table> = { [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never };

export class FlagError extends Error {
  override readonly name = 'FlagError';
}

export function text(placeholder: string, help: string): Flag<string | undefined>;
export function text(placeholder: string, help: string, fallback: string): Flag<string>;
export function text(placeholder: string, help: string, fallback?: string): Flag<string | undefined> {
  return { help, fallback, placeholder, parse: (value) => value };
}

export function number(placeholder: string, help: string, fallback: number, range: [number, number]): Flag<number> {
  const [least, most] = range;
  const parse = (value: string): number => {
    const parsed = Number(value);
    if (!/^-?\d+$/.test(value) || parsed < least || parsed > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`);
    }
    return parsed;
  };
  return { help, fallback, placeholder, parse };
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A length of time such as `1500ms`, `10s` or `5m`; in milliseconds. */
export function duration(help: string, fallback: string): Flag<number> {
  const parse = (value: string): number => {
    const [, amount, unit] = /^(\d+)(ms|s|m|h)$/.exec(value) ?? [];
    if (!amount || !unit) throw new Error('must be a length of time such as 1500ms, 10s or 5m');
    return Number(amount) * (UNITS[unit] ?? 0);
  };
  return { help, fallback: parse(fallback), placeholder: fallback, parse };
}

export function list(placeholder: string, help: string): Flag<string[]> {
  const parse = (value: string): string[] => value.split(',').filter(Boolean);
  return { help, fallback: [], placeholder, parse, isList: true };
}

/** Any of them, with commas or one flag each. */
export function someOf<const T extends string>(choices: readonly T[], help: string): Flag<T[]> {
  const one = oneOf(choices, help, choices[0] as T);
  const parse = (value: string): T[] =>
    value
      .split(',')
      .filter(Boolean)
      .map((name) => one.parse(name));
  return { help, fallback: [], placeholder: choices.join('|'), parse, isList: true };
}

export function oneOf<const T extends string>(choices: readonly T[], help: string, fallback: T): Flag<T> {
  const parse = (value: string): T => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
    return choice;
  };
  return { help, fallback, placeholder: choices.join('|'), parse };
}

export interface ProgramDescription<Table> {
  /** As it is called: `dure server`. */
  name: string;
  summary: string;
  flags: Table;
}

/**
 * Reads the flags, or prints --help and returns undefined. Throws {@link FlagError} with one line that names the flag,
 * where it was set, and what is wrong.
 */
export function readFlags<Table extends Record<string, Flag<unknown>>>(
  program: ProgramDescription<Table>,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Values<Table> | undefined {
  const given = parseArguments(program, args);
  if (!given) return undefined;
  const file = readFile(program, given['config'] as string | undefined);
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(program.flags)) {
    const option = dashed(name);
    const variable = `DURE_${option.replaceAll('-', '_').toUpperCase()}`;
    if (given[name] !== undefined) values[name] = parseValue(flag, `--${option}`, given[name]);
    else if (environment[variable] !== undefined) values[name] = parseValue(flag, variable, environment[variable]);
    else if (file.values[option] !== undefined) {
      values[name] = parseValue(flag, `${file.path}: ${option}`, file.values[option]);
    } else values[name] = flag.fallback;
  }
  return values as Values<Table>;
}

function parseArguments(
  program: ProgramDescription<Record<string, Flag<unknown>>>,
  args: readonly string[],
): Record<string, unknown> | undefined {
  const command = new Command(program.name).description(program.summary).exitOverride().allowExcessArguments(false);
  command.configureOutput({ writeErr: () => undefined });
  command.option('--config <file>', 'a YAML file with any of these flags, without the dashes in front');
  for (const [name, flag] of Object.entries(program.flags)) command.addOption(optionOf(name, flag));
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new FlagError(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
  return command.opts();
}

function optionOf(name: string, flag: Flag<unknown>): Option {
  const value = flag.placeholder ? ` <${flag.placeholder}>` : '';
  const initial = flag.fallback === undefined || flag.isList ? '' : ` (default ${shown(flag)})`;
  const option = new Option(`--${dashed(name)}${value}`, `${flag.help}${initial}`);
  if (flag.isList)
    option.argParser((next: string, before: string | undefined) => (before ? `${before},${next}` : next));
  return option;
}

function shown(flag: Flag<unknown>): string {
  return flag.placeholder && /^\d+(ms|s|m|h)$/.test(flag.placeholder) ? flag.placeholder : String(flag.fallback);
}

function readFile(
  program: ProgramDescription<Record<string, Flag<unknown>>>,
  path: string | undefined,
): { path: string; values: Record<string, unknown> } {
  if (path === undefined) return { path: '', values: {} };
  let values: unknown;
  try {
    values = yaml().parse(readFileSync(path, 'utf8'), { logLevel: 'error' }) ?? {};
  } catch (error) {
    throw new FlagError(`--config ${path}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new FlagError(`--config ${path}: must be a mapping from flags to values`);
  }
  const known = new Set(Object.keys(program.flags).map(dashed));
  const unknown = Object.keys(values).find((name) => !known.has(name));
  if (unknown !== undefined) throw new FlagError(`--config ${path}: unknown flag "${unknown}"`);
  return { path, values: values as Record<string, unknown> };
}

/** Loaded only for who has a file: it is 2 MB of an agent's memory. */
function yaml(): typeof import('yaml') {
  return createRequire(import.meta.url)('yaml') as typeof import('yaml');
}

function parseValue(flag: Flag<unknown>, where: string, value: unknown): unknown {
  const given: unknown[] = Array.isArray(value) ? value : [value];
  const isPlain = given.every((one) => ['string', 'number', 'boolean'].includes(typeof one));
  if (!isPlain) throw new FlagError(`${where}: must be a single value`);
  const text = given.join(',');
  try {
    return flag.parse(text);
  } catch (error) {
    throw new FlagError(`${where} "${text}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
