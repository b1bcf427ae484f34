/** What a Go template says, as a tree. */
import { LAZY_FUNCTIONS, functions } from './functions.ts';
import { GoTemplateError, lineOf, tokensOf, type Token } from './lex.ts';
import type { Value } from './values.ts';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: Body; readonly otherwise: Body }
  | ({ readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined } & Place)
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' };

/** For messages about it. */
export interface Place {
  readonly at: number;
  /** As it is written. */
  readonly text: string;
}

export type Body = readonly Node[];

export interface Pipe {
  /** `$x :=`, `$x =`, or `$k, $v :=` of a range. */
  readonly variables: readonly string[];
  readonly isAssignment: boolean;
  readonly commands: readonly Command[];
}

/** A function with what it is given, or a single operand. */
export interface Command {
  readonly operands: readonly Operand[];
  /** As it is written. */
  readonly text: string;
}

export interface Operand extends Place {
  readonly base: Base;
  /** Names that follow, as in `$x.a.b` and `(…).a`. */
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly at: number;
}

export type Base =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable' | 'function'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'pipe'; readonly pipe: Pipe };

export interface Parsed {
  readonly source: string;
  readonly main: Body;
  readonly named: ReadonlyMap<string, Body>;
}

const MAX_DEPTH = 100;
const LITERALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

/** Throws GoTemplateError. */
export function parse(source: string): Parsed {
  return new Parser(source).parse();
}

class Parser {
  private readonly source: string;
  private readonly tokens: readonly Token[];
  private readonly named = new Map<string, Body>();
  private position = 0;
  private depth = 0;
  private loops = 0;

  constructor(source: string) {
    this.source = source;
    this.tokens = tokensOf(source);
  }

  parse(): Parsed {
    const { body, ending } = this.body();
    if (ending !== '') throw this.unexpected(`{{${ending}}}`);
    return { source: this.source, main: body, named: this.named };
  }

  /** Up to `{{end}}`, `{{else}}` or the end of the template, and which of them it was: `` for the last. */
  private body(): { body: Body; ending: 'end' | 'else' | '' } {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw this.error(`nested deeper than ${MAX_DEPTH}`);
    const body: Node[] = [];
    for (;;) {
      const token = this.tokens[this.position];
      if (!token) return this.left({ body, ending: '' });
      this.position += 1;
      if (token.type === 'text') {
        body.push({ kind: 'text', text: token.text });
        continue;
      }
      this.space();
      const word = this.peek();
      const keyword = word?.type === 'word' ? word.text : '';
      if (keyword === 'end' || keyword === 'else') {
        this.position += 1;
        if (keyword === 'end') this.close();
        return this.left({ body, ending: keyword });
      }
      body.push(...this.node(keyword));
    }
  }

  private left<T>(result: T): T {
    this.depth -= 1;
    return result;
  }

  private node(keyword: string): Node[] {
    switch (keyword) {
      case 'if':
      case 'with':
      case 'range':
        this.position += 1;
        return [this.control(keyword)];
      case 'break':
      case 'continue':
        this.position += 1;
        if (this.loops === 0) throw this.error(`{{${keyword}}} outside {{range}}`);
        this.close();
        return [{ kind: keyword }];
      case 'define':
        this.position += 1;
        this.define();
        return [];
      case 'template':
        this.position += 1;
        return [this.template()];
      case 'block':
        throw this.error('{{block}} is not supported: use {{define}} and {{template}}');
      default: {
        const pipe = this.pipe(['}}']);
        return pipe.commands.length === 0 ? [] : [{ kind: 'action', pipe }];
      }
    }
  }

  private control(kind: 'if' | 'with' | 'range'): Node {
    const pipe = this.pipe(['}}']);
    if (pipe.commands.length === 0) throw this.error(`missing value for ${kind}`);
    if (kind === 'range') this.loops += 1;
    const { body, ending } = this.body();
    if (kind === 'range') this.loops -= 1;
    return { kind, pipe, body, otherwise: this.otherwise(kind, ending) };
  }

  private otherwise(kind: string, ending: string): Body {
    if (ending === '') throw this.error('unexpected EOF');
    if (ending === 'end') return [];
    this.space();
    const next = this.peek();
    if (next?.type === 'word' && next.text === kind && kind !== 'range') {
      this.position += 1;
      return [this.control(kind as 'if' | 'with')];
    }
    this.close();
    const { body, ending: second } = this.body();
    if (second !== 'end') throw this.error(second === '' ? 'unexpected EOF' : `expected end; found {{else}}`);
    return body;
  }

  private define(): void {
    const name = this.name('define');
    this.close();
    const { body, ending } = this.body();
    if (ending !== 'end') throw this.error('unexpected EOF');
    this.named.set(name, body);
  }

  private template(): Node {
    const name = this.name('template');
    const at = this.tokens[this.position - 1]?.at ?? 0;
    const start = this.source.lastIndexOf('{{', at);
    const pipe = this.pipe(['}}']);
    const end = this.tokens[this.position - 1]?.at ?? this.source.length;
    const text = `${this.source.slice(start, end).trimEnd()}}}`;
    return { kind: 'template', name, pipe: pipe.commands.length === 0 ? undefined : pipe, at, text };
  }

  private name(clause: string): string {
    this.space();
    const token = this.tokens[this.position++];
    if (token?.type !== 'string') throw this.unexpected(`${JSON.stringify(token?.text ?? 'EOF')} in ${clause} clause`);
    return token.text;
  }

  /** Up to and with one of `ends`, `}}` or `)`. */
  private pipe(ends: readonly string[]): Pipe {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw this.error(`nested deeper than ${MAX_DEPTH}`);
    const { variables, isAssignment } = this.declaration();
    const commands: Command[] = [];
    let operands: Operand[] = [];
    for (;;) {
      this.space();
      const token = this.peek();
      if (!token) throw this.error('unclosed action');
      const isEnd = ends.includes(token.text) && (token.type === 'close' || token.type === 'symbol');
      const isBar = token.type === 'symbol' && token.text === '|';
      if (!isEnd && !isBar) {
        operands.push(this.operand());
        continue;
      }
      this.position += 1;
      const [first] = operands;
      if (first) commands.push({ operands, text: this.source.slice(first.at, token.at).trimEnd() });
      else if (isBar || commands.length > 0 || variables.length > 0) throw this.error('missing value for command');
      operands = [];
      if (isEnd) return this.left({ variables, isAssignment, commands });
    }
  }

  private declaration(): { variables: string[]; isAssignment: boolean } {
    const start = this.position;
    const variables: string[] = [];
    for (;;) {
      this.space();
      const variable = this.peek();
      if (variable?.type !== 'variable') break;
      variables.push(variable.text);
      this.position += 1;
      this.space();
      const sign = this.peek();
      if (sign?.type !== 'symbol') break;
      this.position += 1;
      if (sign.text === ':=' || sign.text === '=') return { variables, isAssignment: sign.text === '=' };
      if (sign.text !== ',' || variables.length > 1) break;
    }
    this.position = start;
    return { variables: [], isAssignment: false };
  }

  private operand(): Operand {
    const token = this.tokens[this.position++];
    if (!token) throw this.error('unclosed action');
    const base = this.base(token);
    const fields: Field[] = token.type === 'field' ? [{ name: token.text, at: token.at }] : [];
    for (let next = this.peek(); next?.type === 'field'; next = this.peek()) {
      fields.push({ name: next.text, at: next.at });
      this.position += 1;
    }
    const text = this.source.slice(token.at, this.peek()?.at ?? this.source.length).trimEnd();
    return { base, fields, text, at: token.at };
  }

  private base({ type, text }: Token): Base {
    switch (type) {
      case 'field':
      case 'dot':
        return { kind: 'dot' };
      case 'variable':
        return { kind: 'variable', name: text };
      case 'string':
        return { kind: 'literal', value: text };
      case 'number':
        return { kind: 'literal', value: /^[+-]?(?:\d+|0[xX].*)$/.test(text) ? BigInt(text) : Number(text) };
      case 'word':
        return this.word(text);
      default:
        if (text === '(') return { kind: 'pipe', pipe: this.pipe([')']) };
        throw this.unexpected(`${JSON.stringify(text)} in operand`);
    }
  }

  private word(text: string): Base {
    const value = LITERALS.get(text);
    if (value !== undefined) return { kind: 'literal', value };
    if (!functions.has(text) && !LAZY_FUNCTIONS.has(text)) throw this.error(`function "${text}" not defined`);
    return { kind: 'function', name: text };
  }

  private close(): void {
    this.space();
    const token = this.tokens[this.position++];
    if (token?.type !== 'close') throw this.unexpected(`${JSON.stringify(token?.text ?? 'EOF')} in end of action`);
  }

  private space(): void {
    while (this.peek()?.type === 'space') this.position += 1;
  }

  private peek(): Token | undefined {
    return this.tokens[this.position];
  }

  private unexpected(what: string): GoTemplateError {
    return this.error(`unexpected ${what}`);
  }

  private error(what: string): GoTemplateError {
    const at = this.tokens[Math.min(this.position, this.tokens.length) - 1]?.at ?? 0;
    return new GoTemplateError(`template: output:${lineOf(this.source, at)}: ${what}`);
  }
}
