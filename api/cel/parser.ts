/** From text to syntax tree: a recursive descent over CEL's grammar, bounded in length, nodes and depth. */
import { SyntaxIssue } from './errors.ts';
import { tokenize, type Token } from './lexer.ts';
import { expandMacro } from './macros.ts';
import type { Call, ListLiteral, MapLiteral, Node } from './syntax.ts';

/** Characters. */
const MAX_LENGTH = 100_000;
const MAX_DEPTH = 250;
const TOO_HIGH = 2n ** 63n;

const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
/** From loosest to tightest. */
const BINARY: readonly ReadonlyMap<string, string>[] = [
  new Map([['||', '_||_']]),
  new Map([['&&', '_&&_']]),
  new Map([
    ['<', '_<_'],
    ['<=', '_<=_'],
    ['>', '_>_'],
    ['>=', '_>=_'],
    ['==', '_==_'],
    ['!=', '_!=_'],
    ['in', '@in'],
  ]),
  new Map([
    ['+', '_+_'],
    ['-', '_-_'],
  ]),
  new Map([
    ['*', '_*_'],
    ['/', '_/_'],
    ['%', '_%_'],
  ]),
];

/** Throws {@link SyntaxIssue}. */
export function parse(text: string): Node {
  if (text.length > MAX_LENGTH) {
    throw new SyntaxIssue(0, `expression code point size exceeds limit: size: ${text.length}, limit ${MAX_LENGTH}`);
  }
  return new Parser(tokenize(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Node {
    const node = this.#expression();
    if (this.#token.type !== 'end') throw this.#unexpected();
    return node;
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { type: 'end', text: '', pos: 0 };
  }

  #unexpected(): SyntaxIssue {
    const { type, text, pos } = this.#token;
    return new SyntaxIssue(pos, `mismatched input '${type === 'end' ? '<EOF>' : text}'`);
  }

  #is(text: string): boolean {
    const { type } = this.#token;
    return (type === 'op' || (text === 'in' && type === 'ident')) && this.#token.text === text;
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected();
  }

  #expression(): Node {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxIssue(this.#token.pos, 'expression recursion limit exceeded');
    const condition = this.#binary(0);
    const { pos } = this.#token;
    let result = condition;
    if (this.#take('?')) {
      const yes = this.#binary(0);
      this.#expect(':');
      result = { kind: 'call', name: '_?_:_', target: undefined, args: [condition, yes, this.#expression()], pos };
    }
    this.#depth--;
    return result;
  }

  #binary(level: number): Node {
    const operators = BINARY[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const { type, text, pos } = this.#token;
      const name = type === 'op' || text === 'in' ? operators.get(text) : undefined;
      if (name === undefined) return left;
      this.#at++;
      left = { kind: 'call', name, target: undefined, args: [left, this.#binary(level + 1)], pos };
    }
  }

  #unary(): Node {
    const { pos } = this.#token;
    const operators: string[] = [];
    while (this.#is('!') || this.#is('-')) {
      if (operators.length >= MAX_DEPTH) throw new SyntaxIssue(pos, 'expression recursion limit exceeded');
      operators.push(this.#token.text);
      this.#at++;
    }
    let node = this.#member(operators);
    for (const operator of operators.toReversed()) {
      node = { kind: 'call', name: `${operator}_`, target: undefined, args: [node], pos };
    }
    return node;
  }

  /** A sign just before a number is part of the number: only so can the lowest int be written. */
  #member(operators: string[]): Node {
    const token = this.#token;
    const isNumber = token.type === 'literal' && (typeof token.value === 'bigint' || typeof token.value === 'number');
    if (!isNumber || operators.at(-1) !== '-') {
      if (isNumber && token.value === TOO_HIGH) throw new SyntaxIssue(token.pos, 'invalid int literal');
      return this.#suffixes(this.#primary());
    }
    operators.pop();
    this.#at++;
    return this.#suffixes({ kind: 'literal', value: -token.value, pos: token.pos });
  }

  #suffixes(start: Node): Node {
    let node = start;
    let steps = 0;
    for (;;) {
      const { pos } = this.#token;
      if (++steps > MAX_DEPTH) throw new SyntaxIssue(pos, 'expression recursion limit exceeded');
      if (this.#take('.')) node = this.#selection(node, pos);
      else if (this.#take('[')) node = this.#index(node, pos);
      else return node;
    }
  }

  #selection(operand: Node, dot: number): Node {
    const optional = this.#take('?');
    const { type, text } = this.#token;
    if (type !== 'ident' && type !== 'quoted') throw this.#unexpected();
    this.#at++;
    const { pos } = this.#token;
    if (!optional && type === 'ident' && this.#take('(')) {
      const call: Call = { kind: 'call', name: text, target: operand, args: this.#list(')'), pos };
      return expandMacro(call);
    }
    return { kind: 'select', operand, field: text, test: false, optional, pos: dot };
  }

  #index(operand: Node, pos: number): Node {
    const name = this.#take('?') ? '_[?_]' : '_[_]';
    const index = this.#expression();
    this.#expect(']');
    return { kind: 'call', name, target: undefined, args: [operand, index], pos };
  }

  #primary(): Node {
    const token = this.#token;
    const { pos } = token;
    if (token.type === 'literal') {
      this.#at++;
      return { kind: 'literal', value: token.value, pos };
    }
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#take('[')) return this.#listLiteral(pos);
    if (this.#take('{')) return this.#mapLiteral(pos);
    // A leading dot means the outermost scope, and there is no other.
    this.#take('.');
    return this.#identifier(pos);
  }

  #identifier(pos: number): Node {
    const { type, text } = this.#token;
    if (type !== 'ident' || text === 'in') throw this.#unexpected();
    this.#at++;
    const word = WORDS.get(text);
    if (word !== undefined) return { kind: 'literal', value: word, pos };
    if (RESERVED.has(text)) throw new SyntaxIssue(pos, `reserved identifier: ${text}`);
    const opening = this.#token.pos;
    if (!this.#take('(')) return { kind: 'ident', name: text, pos };
    return expandMacro({ kind: 'call', name: text, target: undefined, args: this.#list(')'), pos: opening });
  }

  #list(closing: string): Node[] {
    const nodes: Node[] = [];
    if (this.#take(closing)) return nodes;
    do nodes.push(this.#expression());
    while (this.#take(','));
    this.#expect(closing);
    return nodes;
  }

  #listLiteral(pos: number): ListLiteral {
    const items: { value: Node; optional: boolean }[] = [];
    while (!this.#take(']')) {
      const optional = this.#take('?');
      items.push({ optional, value: this.#expression() });
      if (!this.#take(',') && !this.#is(']')) throw this.#unexpected();
    }
    return { kind: 'list', items, pos };
  }

  #mapLiteral(pos: number): MapLiteral {
    const entries: { key: Node; value: Node; optional: boolean }[] = [];
    while (!this.#take('}')) {
      const optional = this.#take('?');
      const key = this.#expression();
      this.#expect(':');
      entries.push({ optional, key, value: this.#expression() });
      if (!this.#take(',') && !this.#is('}')) throw this.#unexpected();
    }
    return { kind: 'map', entries, pos };
  }
}
