/** What JSON.parse does not tell about a text: how deep it is, and which keys stand twice in one object. */
import { pathText } from './path.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

export interface Outline {
  /** How many keys all objects have together, those that stand twice counted twice. */
  keys: number;
  depth: number;
}

/** One pass over the text; for a text that is not JSON the figures mean nothing. */
export function outlineOf(text: string): Outline {
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index);
        break;
      case COLON:
        keys += 1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        if (depth > deepest) deepest = depth;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1;
        break;
    }
  }
  return { keys, depth: deepest };
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index += 1;
  }
  return text.length;
}

/** How many keys the objects in a parsed value have together. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    count += 1;
    const item = object[key];
    if (typeof item === 'object') count += countKeys(item);
  }
  return count;
}

interface Level {
  /** Undefined for a list. */
  readonly seen: Set<string> | undefined;
  step: string | number;
  expectsKey: boolean;
}

const MAX_DUPLICATES = 100;

/** The paths of keys that stand twice, at most a hundred. `text` must have been parsed without an error. */
export function duplicateKeys(text: string): string[] {
  const found = new Set<string>();
  const levels: Level[] = [];
  for (let index = 0; index < text.length && found.size < MAX_DUPLICATES; index += 1) {
    const level = levels[levels.length - 1];
    switch (text.charCodeAt(index)) {
      case QUOTE: {
        const end = endOfString(text, index);
        if (level?.seen && level.expectsKey) noteKey(level, text.slice(index, end + 1), levels, found);
        index = end;
        break;
      }
      case OPEN_BRACE:
        levels.push({ seen: new Set(), step: '', expectsKey: true });
        break;
      case OPEN_BRACKET:
        levels.push({ seen: undefined, step: 0, expectsKey: false });
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        levels.pop();
        break;
      case COMMA:
        if (level) advance(level);
        break;
    }
  }
  return [...found];
}

function noteKey(level: Level, literal: string, levels: readonly Level[], found: Set<string>): void {
  const key = JSON.parse(literal) as string;
  level.step = key;
  level.expectsKey = false;
  if (level.seen?.has(key)) found.add(pathText(levels.map(({ step }) => step)));
  else level.seen?.add(key);
}

function advance(level: Level): void {
  if (level.seen) level.expectsKey = true;
  else level.step = Number(level.step) + 1;
}
