/**
 * The text form of label selectors, with the words of Kubernetes' parser for what is wrong:
 *
 *     selector    = [ requirement { "," requirement } ]
 *     requirement = [ "!" ] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) [ VALUE ] | KEY ( "in" | "notin" ) "(" values ")"
 *     values      = [ VALUE ] { "," [ VALUE ] }
 */
import { badRequest } from '../errors.ts';
import { checkedRequirement, keyErrors } from './requirement.ts';
import type { Operator, Requirement } from './requirement.ts';

type TokenType =
  | 'identifier'
  | 'end'
  | ')'
  | '('
  | ','
  | '!'
  | '=='
  | '='
  | '>'
  | '<'
  | '!='
  | 'in'
  | 'notin'
  | 'error';

interface Token {
  readonly type: TokenType;
  readonly text: string;
}

const TOKEN = /[ \t\r\n]*(?:(==|!=|[=!(),><])|([^ \t\r\n=!(),><]+))/y;
const BINARY = new Map<TokenType, Operator>([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
]);
const BINARY_NAMES = 'in, notin, =, ==, !=, gt, lt';
const END: Token = { type: 'end', text: '' };

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [, symbol, word = ''] = match;
    if (symbol !== undefined) found.push({ type: symbol as TokenType, text: symbol });
    else found.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
  }
  return found;
}

/** Throws BadRequest. */
export function parseRequirements(text: string): Requirement[] {
  return new Parser(tokens(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(found: readonly Token[]) {
    this.#tokens = found;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#peekWord().type !== 'end') {
      this.#expectStart(requirements.length > 0);
      requirements.push(this.#requirement());
      const next = this.#takeWord();
      if (next.type === 'end') break;
      if (next.type !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      this.#expectStart(true);
    }
    return requirements;
  }

  #expectStart(afterComma: boolean): void {
    const { type, text } = this.#peekWord();
    if (type === 'identifier' || type === '!') return;
    const expected = afterComma ? "identifier after ','" : "!, identifier, or 'end of string'";
    throw badRequest(`found '${text}', expected: ${expected}`);
  }

  #requirement(): Requirement {
    const isNegated = this.#peekWord().type === '!';
    if (isNegated) this.#takeWord();
    const key = this.#takeWord();
    if (key.type !== 'identifier') throw unparsable(`found '${key.text}', expected: identifier`);
    const [keyError] = keyErrors('<nil>', key.text);
    if (keyError !== undefined) throw unparsable(keyError);
    const { type } = this.#peekWord();
    if (isNegated) return { key: key.text, operator: '!', values: [] };
    if (type === 'end' || type === ',') return { key: key.text, operator: 'exists', values: [] };
    return this.#comparison(key.text);
  }

  #comparison(key: string): Requirement {
    const token = this.#take();
    const operator = BINARY.get(token.type);
    if (operator === undefined) throw unparsable(`found '${token.text}', expected: ${BINARY_NAMES}`);
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()];
    try {
      return checkedRequirement({ key, operator, values: [...new Set(values)].toSorted() });
    } catch (error) {
      throw unparsable((error as Error).message);
    }
  }

  #exactValue(): string {
    const { type } = this.#peekWord();
    if (type === 'end' || type === ',') return '';
    const token = this.#takeWord();
    if (token.type !== 'identifier') throw unparsable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#takeWord();
    if (open.type !== '(') throw unparsable(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const isWord = this.#peekWord().type === 'identifier';
      values.push(isWord ? this.#takeWord().text : '');
      const { type, text } = this.#takeWord();
      if (type === ')') return values;
      if (type !== ',') throw unparsable(`found '${text}', expected: ',' or ')'`);
    }
  }

  #take(): Token {
    const token = this.#tokens[this.#position] ?? END;
    this.#position += 1;
    return token;
  }

  /** `in` and `notin` are keywords only where an operator may stand. */
  #takeWord(): Token {
    const token = this.#peekWord();
    this.#position += 1;
    return token;
  }

  #peekWord(): Token {
    const token = this.#tokens[this.#position] ?? END;
    return token.type === 'in' || token.type === 'notin' ? { type: 'identifier', text: token.text } : token;
  }
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}
