/** Go templates (text/template) as tokens: text between actions, and the words of actions. */

export type TokenType =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'string'
  | 'number'
  | 'field'
  | 'dot'
  | 'variable'
  | 'word'
  | 'symbol';

export interface Token {
  readonly type: TokenType;
  /** Of strings what they mean, of fields the name alone. */
  readonly text: string;
  /** Where it begins in the template. */
  readonly at: number;
}

export class GoTemplateError extends Error {
  override readonly name = 'GoTemplateError';
}

const MAX_LENGTH = 1 << 20;
const WORDS: readonly (readonly [TokenType, RegExp])[] = [
  ['space', /\s+/y],
  ['string', /"(?:[^"\\\n]|\\.)*"/y],
  ['string', /`[^`]*`/y],
  ['number', /[+-]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ['dot', /\./y],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['symbol', /:=|[=,()|]/y],
];
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };

/** Throws GoTemplateError. */
export function tokensOf(template: string): Token[] {
  if (template.length > MAX_LENGTH) throw new GoTemplateError(`the template is longer than ${MAX_LENGTH} characters`);
  const tokens: Token[] = [];
  let at = 0;
  let trimsNext = false;
  for (;;) {
    const open = template.indexOf('{{', at);
    const end = open < 0 ? template.length : open;
    const trimsThis = open >= 0 && /^-\s/.test(template.slice(open + 2, open + 4));
    let text = template.slice(at, end);
    if (trimsNext) text = text.trimStart();
    if (trimsThis) text = text.trimEnd();
    if (text !== '') tokens.push({ type: 'text', text, at });
    if (open < 0) return tokens;
    ({ at, trimsNext } = action(template, open + (trimsThis ? 3 : 2), open, tokens));
  }
}

interface AfterAction {
  readonly at: number;
  readonly trimsNext: boolean;
}

function action(template: string, start: number, open: number, tokens: Token[]): AfterAction {
  const comment = /\s*\/\*[^]*?\*\/(\s-)?\}\}/y;
  comment.lastIndex = start;
  const commented = comment.exec(template);
  if (commented) return { at: comment.lastIndex, trimsNext: commented[1] !== undefined };
  tokens.push({ type: 'open', text: '{{', at: open });
  let at = start;
  for (;;) {
    const close = /\s*?(\s-)?\}\}/y;
    close.lastIndex = at;
    const closed = close.exec(template);
    if (closed) {
      tokens.push({ type: 'close', text: '}}', at });
      return { at: close.lastIndex, trimsNext: closed[1] !== undefined };
    }
    const token = wordAt(template, at);
    tokens.push(token.token);
    at = token.end;
  }
}

function wordAt(template: string, at: number): { token: Token; end: number } {
  if (at >= template.length) throw new GoTemplateError(`template: output:${lineOf(template, at)}: unclosed action`);
  for (const [type, pattern] of WORDS) {
    pattern.lastIndex = at;
    const [found] = pattern.exec(template) ?? [];
    if (found !== undefined) return { token: { type, text: meaningOf(type, found), at }, end: at + found.length };
  }
  const found = JSON.stringify(template[at]);
  throw new GoTemplateError(`template: output:${lineOf(template, at)}: unexpected ${found} in command`);
}

function meaningOf(type: TokenType, found: string): string {
  if (type === 'field') return found.slice(1);
  if (type !== 'string') return found;
  const inner = found.slice(1, -1);
  if (found.startsWith('`')) return inner;
  return inner.replaceAll(/\\(u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)/g, (whole, code: string) =>
    code.length > 1 ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? whole),
  );
}

/** From 1. */
export function lineOf(template: string, at: number): number {
  return template.slice(0, at).split('\n').length;
}
