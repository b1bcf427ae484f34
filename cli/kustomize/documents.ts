/** Objects in YAML, as kustomize reads it: version 1.2, in which `yes` is a word. */
import { parseAllDocuments, type ScalarTag, type Tags } from 'yaml';
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { KustomizeError } from './errors.ts';

const MAX_ALIASES = 100;

/** `defaultMode: 0644` is octal all the same. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (digits) => Number.parseInt(digits, 8),
};
const OPTIONS = {
  version: '1.2',
  merge: true,
  uniqueKeys: true,
  logLevel: 'silent',
  customTags: (tags: Tags): Tags => [OCTAL, ...tags],
} as const;

/** Lists taken apart. Throws KustomizeError for what is no YAML, or no object with a kind and a name. */
export function parseObjects(text: string, source: string): JsonObject[] {
  const documents = parseAllDocuments(text, OPTIONS);
  if (!isList(documents)) return [];
  return documents
    .map((document) => {
      const [error] = document.errors;
      if (error) throw new KustomizeError(`MalformedYAMLError: ${error.message.split('\n', 1)[0]} in File: ${source}`);
      return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    })
    .filter((value) => value !== null && value !== undefined)
    .flatMap((value) => flattened(value, source));
}

function flattened(value: unknown, source: string): JsonObject[] {
  if (!isObject(value)) throw new KustomizeError(`${source} holds something that is no object`);
  const { kind, items, metadata } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && isList(items)) {
    return items.flatMap((item) => flattened(item, source));
  }
  if (typeof kind !== 'string' || kind === '') {
    throw new KustomizeError(`missing Resource metadata: no kind in ${JSON.stringify(value)} of ${source}`);
  }
  if (!isObject(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '') {
    throw new KustomizeError(`missing metadata.name in object ${JSON.stringify({ kind, metadata })} of ${source}`);
  }
  return [value];
}
