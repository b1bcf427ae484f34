/**
 * A reader for the plain YAML that kubeconfigs are written in, several times quicker to load than a whole parser: maps
 * and lists in block style, scalars on one line. It gives up on everything that it does not surely understand.
 */

interface Line {
  readonly indent: number;
  readonly text: string;
}

const KEY_VALUE = /^([A-Za-z][A-Za-z0-9._/-]*):(?: +(.*))?$/;
/** Never a number, a boolean, a time or nothing, and without anything that has a meaning in YAML. */
const PLAIN = /^(?=.*[A-Za-z/])(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z/][A-Za-z0-9+/=._@:-]*$/i;
const QUOTED = /^"([A-Za-z0-9+/=._@: -]*)"$/;

/** Undefined: read it with the real parser. */
export function readPlainYaml(text: string): unknown {
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    if (raw.includes('\t') || raw.includes('\r')) return undefined;
    lines.push({ indent: raw.length - raw.trimStart().length, text: trimmed });
  }
  const reader = new Reader(lines);
  try {
    return lines.length === 0 ? undefined : reader.document();
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

class NotPlain extends Error {}

class Reader {
  private readonly lines: readonly Line[];
  private next = 0;

  constructor(lines: readonly Line[]) {
    this.lines = lines;
  }

  document(): unknown {
    const value = this.map(0);
    if (this.next < this.lines.length) throw new NotPlain();
    return value;
  }

  private map(indent: number): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    for (
      let line = this.lines[this.next];
      line?.indent === indent && !line.text.startsWith('- ');
      line = this.lines[this.next]
    ) {
      const [, key, value] = KEY_VALUE.exec(line.text) ?? [];
      if (key === undefined || key === '__proto__' || isNothing(key) || entries.has(key)) throw new NotPlain();
      this.next++;
      entries.set(key, value === undefined || value === '' ? this.block(indent) : scalar(value));
    }
    if (entries.size === 0) throw new NotPlain();
    return Object.fromEntries(entries);
  }

  /** What stands below a key: a deeper map, or a list, which may stand as far left as its key. */
  private block(indent: number): unknown {
    const line = this.lines[this.next];
    if (line && line.indent >= indent && line.text.startsWith('- ')) return this.list(line.indent);
    if (line && line.indent > indent) return this.map(line.indent);
    throw new NotPlain();
  }

  /** Elements are maps whose first key stands behind the dash. */
  private list(indent: number): unknown[] {
    const items: unknown[] = [];
    for (
      let line = this.lines[this.next];
      line?.indent === indent && line.text.startsWith('- ');
      line = this.lines[this.next]
    ) {
      const rest = line.text.slice(2);
      const inner = new Reader(this.element(rest, indent));
      items.push(inner.document());
    }
    return items;
  }

  private element(first: string, indent: number): Line[] {
    const text = first.trimStart();
    const inside = indent + 2 + first.length - text.length;
    const own: Line[] = [{ indent: 0, text }];
    this.next++;
    for (let line = this.lines[this.next]; line && line.indent > indent; line = this.lines[this.next]) {
      if (line.indent < inside) throw new NotPlain();
      own.push({ indent: line.indent - inside, text: line.text });
      this.next++;
    }
    return own;
  }
}

/** Such a key is no text to the parser. */
function isNothing(key: string): boolean {
  return key.toLowerCase() === 'null';
}

function scalar(text: string): string | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  const [, quoted] = QUOTED.exec(text) ?? [];
  if (quoted !== undefined) return quoted;
  if (!PLAIN.test(text) || text.endsWith(':')) throw new NotPlain();
  return text;
}
