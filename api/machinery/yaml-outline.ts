/**
 * What a YAML text is made of, before anybody builds a tree of it: a text of a few hundred kilobytes can be nested, or
 * full of aliases, so that building takes minutes.
 */
import { Lexer } from 'yaml';
import { badRequest } from '../errors.ts';
import { MAX_DEPTH } from './path.ts';

/** A tree of these is built in well under a second. Text in quotes or blocks is one, however long. */
const MAX_TOKENS = 100_000;
/** Each is searched for in all that stands before it. */
const MAX_ALIASES = 1000;
/** What the lexer yields before the text of a scalar. */
const SCALAR_FOLLOWS = '\u001f';

/** Throws BadRequest for a text that is nested too deeply or has too many parts. */
export function checkOutline(text: string): void {
  const outline = new Outline();
  for (const token of new Lexer().lex(text)) outline.add(token);
}

class Outline {
  #tokens = 0;
  #aliases = 0;
  #flowDepth = 0;
  /** Collections that begin in the same line are inside of each other. */
  #inLine = 0;
  #isScalar = false;

  add(token: string): void {
    this.#tokens += 1;
    if (this.#tokens > MAX_TOKENS) {
      throw badRequest(
        `yaml: the document has more than ${MAX_TOKENS} parts; one as large as that must be sent as JSON`,
      );
    }
    if (!this.#isScalar) this.#look(token);
    this.#isScalar = token === SCALAR_FOLLOWS;
  }

  #look(token: string): void {
    switch (token[0]) {
      case '[':
      case '{':
        this.#flowDepth += 1;
        break;
      case ']':
      case '}':
        this.#flowDepth -= 1;
        break;
      case '-':
      case '?':
        this.#inLine += 1;
        break;
      case '\n':
      case '\r':
        if (this.#flowDepth <= 0) this.#inLine = 0;
        break;
      case '*':
        this.#aliases += 1;
        break;
    }
    if (this.#flowDepth > MAX_DEPTH || this.#inLine > MAX_DEPTH) throw badRequest('yaml: exceeded max depth');
    if (this.#aliases > MAX_ALIASES) throw badRequest(`yaml: the document has more than ${MAX_ALIASES} aliases`);
  }
}
