/** Regular expressions: RE2, whose cost grows with the text and never faster. */
import { RE2JS } from 're2js';
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, INT, listOf, STRING } from '../types.ts';
import { type ListValue, sizeOf, type Value, ValueList } from '../values.ts';

const CACHED_PATTERNS = 256;

/** Compiled patterns, the longest unused leaving first. */
class Patterns {
  readonly #known = new Map<string, RE2JS>();

  get(pattern: string): RE2JS {
    const known = this.#known.get(pattern) ?? compilePattern(pattern);
    this.#known.delete(pattern);
    this.#known.set(pattern, known);
    if (this.#known.size > CACHED_PATTERNS) this.#known.delete(this.#known.keys().next().value ?? '');
    return known;
  }
}

function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new EvaluationError((error as Error).message);
  }
}

function regexCost([text, pattern]: readonly Value[]): number {
  return Math.ceil((1 + sizeOf(text)) * 0.1) * Math.max(1, Math.ceil(sizeOf(pattern) * 0.25));
}

function literalPattern([, pattern]: readonly (Value | undefined)[]): string | undefined {
  if (typeof pattern !== 'string') return undefined;
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return `invalid matches argument: ${(error as Error).message}`;
  }
}

function find(pattern: RE2JS, text: string): string {
  const matcher = pattern.matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

function findAll(pattern: RE2JS, text: string, limit: bigint): ListValue {
  const found: string[] = [];
  const matcher = pattern.matcher(text);
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return new ValueList(found);
}

function rows(patterns: Patterns): Overload[] {
  const matches = { params: [STRING, STRING], result: BOOL, cost: regexCost, checkLiterals: literalPattern };
  const all = { params: [STRING, STRING], result: listOf(STRING), cost: regexCost };
  return [
    ...[overload, method].map((make) =>
      make<[string, string]>('matches', matches, ([text, pattern]) => patterns.get(pattern).matcher(text).find()),
    ),
    method<[string, string]>('find', { ...all, result: STRING }, ([text, pattern]) =>
      find(patterns.get(pattern), text),
    ),
    method<[string, string]>('findAll', all, ([text, pattern]) => findAll(patterns.get(pattern), text, -1n)),
    method<[string, string, bigint]>('findAll', { ...all, params: [STRING, STRING, INT] }, ([text, pattern, limit]) =>
      findAll(patterns.get(pattern), text, limit),
    ),
  ];
}

export const regexLibrary: readonly Overload[] = rows(new Patterns());
