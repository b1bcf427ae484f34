/** The grammar of kubectl's JSONPath templates. */

/** Says what is wrong with a template, or with what it is asked of. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly steps: readonly Step[] }
  | { readonly type: 'range'; readonly steps: readonly Step[]; readonly body: readonly Part[] };

export type Step =
  | { readonly type: 'root' | 'all' }
  | { readonly type: 'field'; readonly name: string }
  /** Everything below; with a name only the fields of that name. */
  | { readonly type: 'descend'; readonly name?: string }
  | {
      readonly type: 'slice';
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly step: number;
      /** One element, which must be there. */
      readonly isIndex: boolean;
    }
  | { readonly type: 'union'; readonly paths: readonly (readonly Step[])[] }
  | { readonly type: 'filter'; readonly comparison: Comparison };

export type Operand =
  | { readonly type: 'value'; readonly value: string | number | boolean | null }
  | { readonly type: 'path'; readonly steps: readonly Step[] };

export interface Comparison {
  readonly left: Operand;
  readonly operator?: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly right?: Operand;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

export function parseTemplate(text: string): Part[] {
  const stack: { steps: readonly Step[]; body: Part[] }[] = [{ steps: [], body: [] }];
  const body = (): Part[] => stack.at(-1)?.body ?? [];
  for (const piece of piecesOf(text)) {
    if (piece.isText) body().push({ type: 'text', text: piece.text });
    else if (piece.text === 'end') {
      const range = stack.length > 1 ? stack.pop() : undefined;
      if (!range) throw new JsonPathError('error parsing jsonpath: not in range, nothing to end');
      body().push({ type: 'range', ...range });
    } else if (/^range\s/.test(piece.text)) stack.push({ steps: parsePath(piece.text.slice(5).trim()), body: [] });
    else body().push(...expressionParts(piece.text));
  }
  if (stack.length > 1) throw new JsonPathError('error parsing jsonpath: unterminated range');
  return body();
}

function expressionParts(text: string): Part[] {
  const quoted = unquoted(text);
  return [quoted === undefined ? { type: 'path', steps: parsePath(text) } : { type: 'text', text: quoted }];
}

/** Text and expressions, in turn. Braces in an expression's quotes don't end it. */
function* piecesOf(text: string): Generator<{ isText: boolean; text: string }> {
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    if (open !== at) yield { isText: true, text: text.slice(at, open < 0 ? undefined : open) };
    if (open < 0) return;
    const close = closing(text, open, '{', '}');
    yield { isText: false, text: text.slice(open + 1, close).trim() };
    at = close + 1;
  }
}

/** Where the bracket at `open` is closed. */
function closing(text: string, open: number, left: string, right: string): number {
  let depth = 0;
  let quote = '';
  for (let at = open; at < text.length; at++) {
    const letter = text[at];
    if (quote !== '') {
      if (letter === '\\') at++;
      else if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === left) depth++;
    else if (letter === right && --depth === 0) return at;
  }
  throw new JsonPathError(`error parsing jsonpath ${text}, unclosed ${left === '{' ? 'action' : 'array'}`);
}

/** The text in quotes; undefined when it isn't quoted. */
function unquoted(text: string): string | undefined {
  const [, , inner] = /^(["'])(.*)\1$/s.exec(text) ?? [];
  return inner?.replaceAll(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);
}

function parsePath(text: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    const letter = text[at];
    if (letter === '$') {
      steps.push({ type: 'root' });
      at++;
    } else if (letter === '@') at++;
    else if (letter === '[') {
      const close = closing(text, at, '[', ']');
      steps.push(bracketStep(text.slice(at + 1, close).trim()));
      at = close + 1;
    } else if (text.startsWith('..', at)) {
      const { name, end } = nameAt(text, at + 2);
      steps.push(name === '' || name === '*' ? { type: 'descend' } : { type: 'descend', name });
      at = end;
    } else if (letter === '.') {
      const { name, end } = nameAt(text, at + 1);
      if (name !== '') steps.push(name === '*' ? { type: 'all' } : { type: 'field', name });
      at = end;
    } else if (at === 0) {
      const { name, end } = nameAt(text, 0);
      if (end === 0) throw new JsonPathError(`unrecognized character in action: ${letter}`);
      throw new JsonPathError(`error parsing jsonpath ${text}, unrecognized identifier ${name}`);
    } else throw new JsonPathError(`error parsing jsonpath ${text}, unexpected ${letter} at ${at}`);
  }
  return steps;
}

/** A dot that belongs to the name is written `\.`. */
function nameAt(text: string, start: number): { name: string; end: number } {
  const [raw = ''] = /^(?:\\.|[^.[\]\s()=!<>,])*/.exec(text.slice(start)) ?? [];
  return { name: raw.replaceAll(/\\(.)/g, '$1'), end: start + raw.length };
}

function bracketStep(text: string): Step {
  if (text === '*') return { type: 'all' };
  const [, filter] = /^\?\((.*)\)$/s.exec(text) ?? [];
  if (filter !== undefined) return { type: 'filter', comparison: parseComparison(filter.trim()) };
  const parts = splitOutsideQuotes(text, ',');
  if (parts.length > 1) return { type: 'union', paths: parts.map((part) => elementSteps(part.trim())) };
  const [step] = elementSteps(text);
  if (!step) throw new JsonPathError(`invalid array index ${text}`);
  return elementSteps(text).length === 1 ? step : { type: 'union', paths: [elementSteps(text)] };
}

function elementSteps(text: string): Step[] {
  const name = unquoted(text);
  if (name !== undefined)
    return name.split(/(?<!\\)\./).map((part) => ({ type: 'field', name: part.replaceAll('\\.', '.') }));
  const [, from, colon = '', to, , step] = /^(-?\d*)(?:(:)(-?\d*)(:(\d*))?)?$/.exec(text) ?? [];
  if (from === undefined || text === '') throw new JsonPathError(`invalid array index ${text}`);
  const numberOf = (digits: string | undefined): number | undefined => (digits ? Number(digits) : undefined);
  return [{ type: 'slice', from: numberOf(from), to: numberOf(to), step: numberOf(step) || 1, isIndex: colon === '' }];
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [''];
  let quote = '';
  for (const letter of text) {
    if (quote === '' && letter === separator) {
      parts.push('');
      continue;
    }
    if (quote === letter) quote = '';
    else if (quote === '' && (letter === '"' || letter === "'")) quote = letter;
    parts.push(`${parts.pop() ?? ''}${letter}`);
  }
  return parts;
}

function parseComparison(text: string): Comparison {
  const [, left = '', operator, right = ''] =
    /^((?:"[^"]*"|'[^']*'|[^=!<>"'])+)(==|!=|<=|>=|<|>)(.+)$/s.exec(text) ?? [];
  if (operator === undefined) return { left: parseOperand(text) };
  return { left: parseOperand(left.trim()), operator: operator as '==', right: parseOperand(right.trim()) };
}

function parseOperand(text: string): Operand {
  const quoted = unquoted(text);
  if (quoted !== undefined) return { type: 'value', value: quoted };
  if (NUMBER.test(text)) return { type: 'value', value: Number(text) };
  if (text === 'true' || text === 'false') return { type: 'value', value: text === 'true' };
  if (text === 'null') return { type: 'value', value: null };
  return { type: 'path', steps: parsePath(text) };
}
