/** Config maps and secrets from literals, files and lines of environment files. */
import { checkCIdentifier } from '../../api/machinery/names.ts';
import type { JsonObject } from '../../api/patch/value.ts';
import { KustomizeError } from './errors.ts';
import type { Folder } from './files.ts';
import { contentHash } from '../content-hash.ts';
import type { Generator, GeneratorOptions } from './kustomization.ts';
import { Resource } from './resource.ts';
import { setOwn } from '../../api/machinery/json.ts';

const VALID_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
/** Long values are written in lines of this length. */
const LINE_LENGTH = 70;

/** `kind` is ConfigMap or Secret; the generator's own options win over `shared`. */
export function generated(kind: string, generator: Generator, shared: GeneratorOptions = {}, folder: Folder): Resource {
  const { name, namespace, options: own = {} } = generator;
  if (!name) throw new KustomizeError(`a ${kind.toLowerCase()} must have a name`);
  const isImmutable = own.immutable === true || shared.immutable === true;
  const metadata = { name, ...(namespace ? { namespace } : {}) };
  const resource = new Resource({
    apiVersion: 'v1',
    kind,
    metadata,
    ...(kind === 'Secret' ? { type: generator.type || 'Opaque' } : {}),
    ...dataOf(kind, name, generator, folder),
    ...(isImmutable ? { immutable: true } : {}),
  });
  resource.addMetadata('labels', { ...shared.labels, ...own.labels });
  resource.addMetadata('annotations', { ...shared.annotations, ...own.annotations });
  resource.isHashed = !(own.disableNameSuffixHash === true || shared.disableNameSuffixHash === true);
  return resource;
}

function dataOf(kind: string, name: string, generator: Generator, folder: Folder): JsonObject {
  const [data, binaryData]: [JsonObject, JsonObject] = [{}, {}];
  const seen = new Set<string>();
  for (const [key, bytes] of pairsOf(generator, folder)) {
    if (!VALID_KEY.test(key))
      throw new KustomizeError(`"${key}" is not a valid key name: it must match [-._a-zA-Z0-9]+`);
    if (seen.has(key)) throw new KustomizeError(`configmap ${name} illegally repeats the key \`${key}\``);
    seen.add(key);
    const text = bytes.toString('utf8');
    const isText = Buffer.from(text).equals(bytes);
    if (kind === 'Secret') setOwn(data, key, inLines(bytes));
    else if (isText) setOwn(data, key, text);
    else setOwn(binaryData, key, inLines(bytes));
  }
  return {
    ...(kind === 'Secret' || Object.keys(data).length > 0 ? { data } : {}),
    ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
  };
}

function inLines(bytes: Buffer): string {
  const text = bytes.toString('base64');
  if (text.length <= LINE_LENGTH) return text;
  const lines = text.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  return lines.map((line) => `${line}\n`).join('');
}

function pairsOf({ envs = [], env, files = [], literals = [] }: Generator, folder: Folder): [string, Buffer][] {
  const envFiles = env ? [...envs, env] : envs;
  return [
    ...envFiles.flatMap((path) => linePairs(folder.read(path).toString('utf8'))),
    ...literals.map(literalPair),
    ...files.map((source) => filePair(source, folder)),
  ];
}

function linePairs(text: string): [string, Buffer][] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const equals = line.indexOf('=');
    const [key, value] = equals < 0 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
    const [wrong] = checkCIdentifier(key.replaceAll(/[-.]/g, '_'));
    if (wrong !== undefined)
      throw new KustomizeError(`"${key}" is not a valid name of an environment variable: ${wrong}`);
    return [key, Buffer.from(value)];
  });
}

function literalPair(source: string): [string, Buffer] {
  const equals = source.indexOf('=');
  if (equals < 1) throw new KustomizeError(`invalid literal source ${source}, expected key=value`);
  const value = source.slice(equals + 1);
  const isQuoted = value.length > 1 && /^(["'])[^]*\1$/.test(value);
  return [source.slice(0, equals), Buffer.from(isQuoted ? value.slice(1, -1) : value)];
}

function filePair(source: string, folder: Folder): [string, Buffer] {
  const [first = '', path, ...more] = source.split('=');
  if (more.length > 0) throw new KustomizeError(`source "${source}" key name or file path contains '='`);
  if (path === undefined) return [first.slice(first.lastIndexOf('/') + 1), folder.read(first)];
  if (first === '') throw new KustomizeError(`missing key name for file path "${path}" in source "${source}"`);
  if (path === '') throw new KustomizeError(`missing file path for key name "${first}" in source "${source}"`);
  return [first, folder.read(path)];
}

/** Puts the hash of what a generated object holds behind its name. */
export function hashName(resource: Resource): void {
  const { kind, name } = resource.id;
  const { data = '', binaryData, stringData, type = '' } = resource.object;
  const hash = contentHash({
    kind,
    // As kustomize has it: the name is no part of what is hashed, only its place is.
    name: '',
    data,
    ...(kind === 'Secret' ? { type, ...(stringData ? { stringData } : {}) } : binaryData ? { binaryData } : {}),
  });
  resource.remember();
  resource.metadata['name'] = `${name}-${hash}`;
}
