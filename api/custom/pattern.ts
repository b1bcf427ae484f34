/** Regular expressions that users write: RE2, whose cost is bounded by the length of the text. */
import { RE2JS } from 're2js';

export interface Pattern {
  /** Somewhere in the text. */
  matches(text: string): boolean;
}

/** Throws an Error that says what is wrong with it. */
export function compilePattern(source: string): Pattern {
  const compiled = RE2JS.compile(source);
  return { matches: (text) => compiled.matcher(text).find() };
}
