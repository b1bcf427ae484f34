/** JSON for people: keys in order, as kubectl prints it. */

const INDENT = 4;

export function jsonText(value: unknown): string {
  return `${goEscaped(JSON.stringify(sorted(value), null, INDENT))}\n`;
}

/** With the keys of every object in alphabetical order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/** Go's encoder escapes what HTML could misread. */
export function goEscaped(json: string): string {
  return json.replaceAll(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
