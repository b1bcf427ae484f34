/** Tokens of CEL, by the lexical grammar of its specification. */
import { SyntaxIssue } from './errors.ts';
import { Uint, type Value } from './values.ts';

export type Token =
  | { readonly type: 'ident'; readonly text: string; readonly pos: number }
  /** An identifier in backticks, which only a field can have. */
  | { readonly type: 'quoted'; readonly text: string; readonly pos: number }
  | { readonly type: 'literal'; readonly value: Value; readonly text: string; readonly pos: number }
  | { readonly type: 'op'; readonly text: string; readonly pos: number }
  | { readonly type: 'end'; readonly text: ''; readonly pos: number };

const SPACE = /[ \t\n\r\f]+|\/\/[^\n]*/y;
const IDENT = /[A-Za-z_]\w*/y;
const QUOTED = /`([\w.\-/ ]+)`/y;
const FLOAT = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y;
const INTEGER = /(0x[\da-fA-F]+|\d+)([uU]?)/y;
const OPERATOR = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]/y;
const STRING_START = /([rRbB]{0,2})("""|'''|"|')/y;
const MAX_INT = 2n ** 63n;
const MAX_UINT = 2n ** 64n;

/** Throws {@link SyntaxIssue}. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let pos = 0;

  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = pos;
    return pattern.exec(text);
  }

  while (pos < text.length) {
    const token = stringToken(text, pos) ?? plainToken(match, pos);
    if (token === undefined) {
      throw new SyntaxIssue(pos, `token recognition error at: '${text.slice(pos, pos + 1)}'`);
    }
    if (token.token) tokens.push(token.token);
    pos = token.end;
  }
  tokens.push({ type: 'end', text: '', pos: text.length });
  return tokens;
}

interface Scanned {
  readonly token: Token | undefined;
  readonly end: number;
}

function plainToken(match: (pattern: RegExp) => RegExpExecArray | null, pos: number): Scanned | undefined {
  const space = match(SPACE);
  if (space) return { token: undefined, end: pos + space[0].length };
  const ident = match(IDENT);
  if (ident) return { token: { type: 'ident', text: ident[0], pos }, end: pos + ident[0].length };
  const quoted = match(QUOTED);
  if (quoted) return { token: { type: 'quoted', text: quoted[1] ?? '', pos }, end: pos + quoted[0].length };
  const number = match(FLOAT);
  if (number) {
    const token: Token = { type: 'literal', value: Number(number[0]), text: number[0], pos };
    return { token, end: pos + number[0].length };
  }
  const integer = match(INTEGER);
  if (integer) return { token: integerToken(integer, pos), end: pos + integer[0].length };
  const operator = match(OPERATOR);
  return operator ? { token: { type: 'op', text: operator[0], pos }, end: pos + operator[0].length } : undefined;
}

/** The lowest int is written as the negation of a number that is no int; the parser puts the two together. */
function integerToken([text, digits = '', unsigned = '']: RegExpExecArray, pos: number): Token {
  const value = BigInt(digits);
  if (unsigned !== '') {
    if (value >= MAX_UINT) throw new SyntaxIssue(pos, 'invalid uint literal');
    return { type: 'literal', value: new Uint(value), text, pos };
  }
  if (value > MAX_INT) throw new SyntaxIssue(pos, 'invalid int literal');
  return { type: 'literal', value, text, pos };
}

function stringToken(text: string, pos: number): Scanned | undefined {
  STRING_START.lastIndex = pos;
  const start = STRING_START.exec(text);
  if (!start) return undefined;
  const [opening, prefix = '', quote = ''] = start;
  const flags = prefix.toLowerCase();
  if (flags.length === 2 && flags[0] === flags[1]) return undefined;
  const raw = flags.includes('r');
  const from = pos + opening.length;
  const to = endOfString(text, from, quote, raw);
  if (to === undefined) throw new SyntaxIssue(pos, `token recognition error at: '${text.slice(pos, pos + 20)}'`);
  const body = text.slice(from, to);
  const asBytes = flags.includes('b');
  const value = raw ? (asBytes ? Buffer.from(body) : body) : unescape(body, asBytes, pos);
  const end = to + quote.length;
  const plain = typeof value === 'string' ? value : new Uint8Array(value);
  return { token: { type: 'literal', value: plain, text: text.slice(pos, end), pos }, end };
}

function endOfString(text: string, from: number, quote: string, raw: boolean): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text.startsWith(quote, at)) return at;
    if (quote.length === 1 && (text[at] === '\n' || text[at] === '\r')) return undefined;
    if (!raw && text[at] === '\\') at++;
  }
  return undefined;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['`', '`'],
  ['?', '?'],
]);
const ESCAPE = /\\(?:x([\da-fA-F]{2})|X([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2})|([^]))/g;

/** In bytes, `\x` and octal escapes are octets; in text they are code points. */
function unescape(body: string, asBytes: boolean, pos: number): string | Uint8Array {
  const parts: Buffer[] = [];
  let result = '';
  let last = 0;
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, hex, upperHex, short, long, octal, simple] = match;
    result += body.slice(last, match.index);
    last = match.index + whole.length;
    const octet = hex ?? upperHex;
    const code = octal === undefined ? Number.parseInt(octet ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
    if (simple !== undefined) {
      const character = SIMPLE_ESCAPES.get(simple);
      if (character === undefined) throw new SyntaxIssue(pos, `invalid escape sequence: \\${simple}`);
      result += character;
    } else if (asBytes && (octet !== undefined || octal !== undefined)) {
      parts.push(Buffer.from(result), Buffer.from([code]));
      result = '';
    } else {
      if (asBytes || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        throw new SyntaxIssue(pos, `invalid unicode code point: ${whole}`);
      }
      result += String.fromCodePoint(code);
    }
  }
  result += body.slice(last);
  return asBytes ? Buffer.concat([...parts, Buffer.from(result)]) : result;
}
