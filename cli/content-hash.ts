/** The hash at the end of the name of a config map or secret: another content, another name. */
import { createHash } from 'node:crypto';
import { sortKeys } from '../api/machinery/json.ts';

const LENGTH = 10;
/** Digits and vowels that could form a word are replaced. */
const REPLACED: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };
/** Go's JSON has these as escapes. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** Of what the hash is to tell apart, whatever the order of its keys. */
export function contentHash(content: object): string {
  const json = JSON.stringify(sortKeys(content)).replaceAll(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const hex = createHash('sha256').update(json).digest('hex').slice(0, LENGTH);
  return hex.replaceAll(/[013ae]/g, (digit) => REPLACED[digit] ?? digit);
}
