/**
 * YAML bodies, read as Kubernetes reads them: YAML 1.1's booleans (`yes`, `off`), no timestamps, no sexagesimals, no
 * binary, one document.
 */
import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, ParsedNode, Tags } from 'yaml';
import { badRequest, isStatusError } from '../errors.ts';
import { parseJson, utf8Text } from './body.ts';
import type { ParsedBody } from './body.ts';
import { MAX_DEPTH, pathText } from './path.ts';
import { checkOutline } from './yaml-outline.ts';

const MAX_ALIASES = 100;
/** Of all values together, once aliases are written out; as much as a request may hold. */
const MAX_EXPANDED = 3 * 1024 * 1024;
const MAX_DUPLICATES = 100;
const FOREIGN_TAGS = /:(timestamp|binary|omap|pairs|set)$/;

/** Throws BadRequest for what is not YAML, nested too deeply, or far larger than it looks. */
export function parseYaml(bytes: Uint8Array): ParsedBody {
  const text = utf8Text(bytes);
  const json = asJson(text, bytes);
  if (json) return json;
  checkOutline(text);
  const document = parsedDocument(text);
  const duplicates = new Set<string>();
  findDuplicates(document.contents, [], duplicates);
  const value = valueOf(document);
  checkExpansion(value);
  return { value, duplicates: [...duplicates] };
}

/** Where keys stand that were given before, as Kubernetes tells it: `line 3: key "foo" already set in map`. */
export function duplicateKeyLines(bytes: Uint8Array): string[] {
  const text = utf8Text(bytes);
  checkOutline(text);
  const lines = new LineCounter();
  const found: string[] = [];
  visit(parsedDocument(text, lines), {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key) || !key.range) continue;
        const { line } = lines.linePos(key.range[0]);
        if (seen.has(key.value)) found.push(`line ${line}: key ${JSON.stringify(key.value)} already set in map`);
        seen.add(key.value);
      }
    },
  });
  return found.slice(0, MAX_DUPLICATES);
}

/** JSON is YAML too, and is read much faster. Undefined for what may still be other YAML. */
function asJson(text: string, bytes: Uint8Array): ParsedBody | undefined {
  if (!/^\s*\{\s*["}]/.test(text)) return undefined;
  try {
    return parseJson(bytes);
  } catch (error) {
    if (isStatusError(error, 'BadRequest')) return undefined;
    throw error;
  }
}

function parsedDocument(text: string, lines = new LineCounter()): Document.Parsed<ParsedNode> {
  const document = orUnreadable(() =>
    parseDocument(text, {
      version: '1.1',
      uniqueKeys: false,
      strict: true,
      logLevel: 'silent',
      // For each of perhaps thousands of errors the text would be searched; only the first is told.
      prettyErrors: false,
      lineCounter: lines,
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isForeign(tag)),
    }),
  );
  const [error] = document.errors;
  if (error) throw notYaml(`line ${lines.linePos(error.pos[0]).line}: ${firstLine(error.message)}`);
  return document;
}

function isForeign({ tag, format }: Tags[number] & object): boolean {
  return format === 'TIME' || FOREIGN_TAGS.test(tag);
}

function valueOf(document: Document.Parsed<ParsedNode>): unknown {
  return orUnreadable(() => document.toJS({ maxAliasCount: MAX_ALIASES }));
}

function orUnreadable<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw notYaml(error instanceof RangeError ? 'exceeded max depth' : firstLine((error as Error).message));
  }
}

function notYaml(why: string): Error {
  return badRequest(`error converting YAML to JSON: yaml: ${why}`);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function findDuplicates(node: unknown, path: readonly (string | number)[], found: Set<string>): void {
  if (found.size >= MAX_DUPLICATES || !isCollection(node)) return;
  if (path.length > MAX_DEPTH) throw badRequest('yaml: exceeded max depth');
  const seen = new Set<string>();
  for (const [index, item] of node.items.entries()) {
    if (isSeq(node)) findDuplicates(item, [...path, index], found);
    if (!isMap(node) || !isPair(item)) continue;
    const key = isScalar(item.key) ? String(item.key.value) : '';
    const here = [...path, key];
    if (seen.has(key) && !isAlias(item.key)) found.add(pathText(here));
    seen.add(key);
    findDuplicates(item.value, here, found);
  }
}

/** Aliases are shared in memory, and would be written out by whatever walks the value. */
function checkExpansion(value: unknown): void {
  let budget = MAX_EXPANDED;
  const walk = (part: unknown, depth: number): void => {
    budget -= typeof part === 'string' ? part.length + 1 : 1;
    if (budget < 0) throw badRequest('yaml: the document is too large once its aliases are written out');
    if (depth > MAX_DEPTH) throw badRequest('yaml: exceeded max depth');
    if (typeof part === 'number' && !Number.isFinite(part)) throw badRequest(`json: unsupported value: ${part}`);
    if (typeof part !== 'object' || part === null) return;
    for (const item of Object.values(part)) walk(item, depth + 1);
  };
  walk(value, 0);
}
