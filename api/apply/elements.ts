/** The elements that paths of fields consist of, as fieldsV1 writes them and as messages do. */

export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The keys must be sorted by name. */
export function keyElement(keys: Readonly<Record<string, unknown>>): string {
  return `k:${JSON.stringify(keys)}`;
}

export function valueElement(value: unknown): string {
  return `v:${JSON.stringify(value)}`;
}

const RANKS = new Map([
  ['f', 0],
  ['k', 1],
  ['v', 2],
]);

/** The order in which Kubernetes writes the elements of a node: fields, keys, values, indexes; numbers by their size. */
export function compareElements(a: string, b: string): number {
  if (a[0] !== b[0]) return (RANKS.get(a[0] ?? '') ?? 3) - (RANKS.get(b[0] ?? '') ?? 3);
  if (a[0] === 'f') return a < b ? -1 : 1;
  let at = 2;
  while (at < a.length && a[at] === b[at]) at += 1;
  let start = at;
  while (isDigit(a[start - 1])) start -= 1;
  const [x, y] = [Number.parseInt(a.slice(start), 10), Number.parseInt(b.slice(start), 10)];
  if (a[start - 1] === ':' && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : 1;
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** The element as this server writes it; undefined for a form that is not known. Throws for what is no element. */
export function canonicalElement(element: string): string | undefined {
  if (element.length < 2 || element[1] !== ':') throw new Error(`${JSON.stringify(element)} is no path element`);
  const text = element.slice(2);
  switch (element[0]) {
    case 'f':
      return element;
    case 'k':
      return keyElement(sortedKeys(JSON.parse(text)));
    case 'v':
      return valueElement(JSON.parse(text));
    case 'i':
      if (/^-?\d+$/.test(text)) return element;
      throw new Error(`${JSON.stringify(text)} is no index`);
    default:
      return undefined;
  }
}

function sortedKeys(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a key is an object');
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `.spec.containers[name="x"].image` */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

/** `.image`, `[name="x"]`, `[="x"]` or `[0]` */
export function elementText(element: string): string {
  const text = element.slice(2);
  switch (element[0]) {
    case 'k': {
      const keys = Object.entries(JSON.parse(text) as object);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${text}]`;
    case 'i':
      return `[${text}]`;
    default:
      return `.${text}`;
  }
}
