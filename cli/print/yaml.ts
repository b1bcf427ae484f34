/** YAML for people: keys in order, lists not indented, text quoted where kubectl quotes it. */
import { Document, Scalar, parse, visit } from 'yaml';

/** What a plain scalar could be taken for something else. */
const AMBIGUOUS = /^(?:[-+.\d~<=]|y(?:es)?$|n(?:o|ull)?$|true$|false$|on$|off$|$)/i;

export function yamlText(value: unknown): string {
  const document = new Document(value, { version: '1.1', sortMapEntries: true, aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      if (isMistakable(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ indentSeq: false, lineWidth: 0, singleQuote: true });
}

/** Text that would be read as a number, a boolean, a time or nothing if it weren't quoted. */
function isMistakable(value: unknown): boolean {
  return typeof value === 'string' && AMBIGUOUS.test(value) && !value.includes('\n') && !isText(value);
}

function isText(value: string): boolean {
  try {
    return typeof parse(value, { version: '1.1', logLevel: 'silent' }) === 'string';
  } catch {
    // No scalar at all: it is quoted anyhow.
    return true;
  }
}
