/** What nobody sends by chance, for readers that must read it or say what is wrong with it. */
import fc from 'fast-check';

export const RUNS = { numRuns: 400, interruptAfterTimeLimit: 1000 };
export const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'f:__proto__', 'k:{"__proto__":1}', 'a', '.'];

type ErrorClass = abstract new (...given: never[]) => Error;

/** Returns what `read` does; undefined when it says no in one of the ways that it may. */
export function orderly<T>(read: () => T, ...refusals: readonly ErrorClass[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return undefined;
    throw error;
  }
}

/** Words of a language in any order, and now and then anything at all. */
export function sentences(...words: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string() });
  return fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
}

export function hostileJson(...keys: readonly string[]): fc.Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      tie('object'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    // As JSON.parse makes them: `__proto__` is a key like any other.
    object: fc
      .array(fc.tuple(fc.constantFrom(...KEYS, ...keys), tie('value')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  })).value;
}

/** What every object has. */
export function inherited(): string[] {
  return Object.getOwnPropertyNames(Object.prototype);
}
