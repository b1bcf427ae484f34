/** Objects that users give in files, directories and on standard input. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../api/object.ts';
import { apiVersionOf, collectionPath, objectPath, type Resource } from './discovery.ts';
import { CommandError } from './errors.ts';
import type { Session } from './session.ts';

const EXTENSIONS = new Set(['.json', '.yaml', '.yml']);
const MAX_ALIASES = 100;

export interface Manifest {
  readonly object: KubeObject;
  /** The file, or STDIN. */
  readonly source: string;
}

/** An object with where it belongs. */
export interface Item extends Manifest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Of the object itself; of its collection when it has no name yet. */
  readonly path: string;
  readonly collection: string;
}

interface FileValues {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly kustomize: string | undefined;
}

/** All objects of all files, lists taken apart. Throws CommandError that names the file. */
export async function readManifests(values: FileValues, session: Session): Promise<Manifest[]> {
  if (values.kustomize !== undefined) return kustomized(values.kustomize, values, session);
  const manifests: Manifest[] = [];
  for (const name of values.filename) {
    for (const { source, text } of await textsOf(name, values.recursive, session)) {
      manifests.push(...parseManifests(text, source));
    }
  }
  if (manifests.length === 0 && values.filename.length > 0)
    throw new CommandError('no objects passed to apply'.replace(' to apply', ''));
  return manifests;
}

async function kustomized(directory: string, values: FileValues, session: Session): Promise<Manifest[]> {
  if (values.filename.length > 0) throw new CommandError('only one of -f or -k can be specified');
  if (values.recursive) throw new CommandError('the -R flag is not allowed with -k');
  const { buildKustomization } = await import('./kustomize/build.ts');
  const objects = buildKustomization({ directory, warn: (line) => session.warn(line) });
  return objects.map((object) => ({ object, source: directory }));
}

/** The same, each with its resource, its namespace and its paths. */
export async function readItems(values: FileValues, session: Session): Promise<Item[]> {
  const manifests = await readManifests(values, session);
  const items: Item[] = [];
  for (const manifest of manifests) items.push(await itemOf(manifest, session));
  return items;
}

export async function itemOf({ object, source }: Manifest, session: Session): Promise<Item> {
  const { apiVersion = '', kind = '' } = object;
  const resource = await (await session.discovery()).ofKind(apiVersion, kind);
  if (!resource) {
    throw new CommandError(
      `resource mapping not found for name: "${object.metadata.name ?? ''}" namespace: "${object.metadata.namespace ?? ''}" ` +
        `from "${source}": no matches for kind "${kind}" in version "${apiVersion}"\nensure CRDs are installed first`,
    );
  }
  const namespace = resource.namespaced ? await namespaceOf(object, session) : undefined;
  const name = object.metadata.name ?? '';
  const collection = collectionPath(resource, namespace);
  const placed = namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace } };
  return {
    object: { ...placed, apiVersion: apiVersionOf(resource), kind },
    source,
    resource,
    namespace,
    name,
    collection,
    path: name === '' ? collection : objectPath(resource, namespace, name),
  };
}

async function namespaceOf({ metadata }: KubeObject, session: Session): Promise<string> {
  const wanted = session.globals.namespace;
  const { namespace } = metadata;
  if (wanted && namespace && wanted !== namespace) {
    throw new CommandError(
      `the namespace from the provided object "${namespace}" does not match the namespace "${wanted}". ` +
        `You must pass '--namespace=${namespace}' to perform this operation.`,
    );
  }
  return namespace || (await session.namespace());
}

async function textsOf(
  name: string,
  recursive: boolean,
  session: Session,
): Promise<{ source: string; text: string }[]> {
  if (name === '-') return [{ source: 'STDIN', text: await textOf(session.world.stdin) }];
  if (/^https?:\/\//.test(name)) throw new CommandError(`dure reads no URLs: fetch ${name} and give the file`);
  return filesOf(name, recursive, true).map((source) => ({ source, text: readFileSync(source, 'utf8') }));
}

function filesOf(path: string, recursive: boolean, isGiven: boolean): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new CommandError(`the path "${path}" does not exist`);
  if (!stats.isDirectory()) return isGiven || EXTENSIONS.has(extname(path)) ? [path] : [];
  if (!isGiven && !recursive) return [];
  return readdirSync(path)
    .toSorted()
    .flatMap((entry) => filesOf(join(path, entry), recursive, false));
}

/** Throws CommandError for what is no YAML, or no object. */
export function parseManifests(text: string, source: string): Manifest[] {
  return documentsOf(text, source)
    .filter((value) => value !== null && value !== undefined)
    .flatMap((value) => flattened(value, source));
}

function documentsOf(text: string, source: string): unknown[] {
  const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: true, logLevel: 'silent' });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error)
      throw new CommandError(
        `error parsing ${source}: error converting YAML to JSON: yaml: ${error.message.split('\n', 1)[0]?.replace(/:$/, '')}`,
      );
    return toJson(document.toJS({ maxAliasCount: MAX_ALIASES }));
  });
}

/** Timestamps become the text that they were written as, nearly: JSON has none. */
function toJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function flattened(value: unknown, source: string): Manifest[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError(
      `error parsing ${source}: json: cannot unmarshal ${typeof value} into Go value of type map[string]interface {}`,
    );
  }
  const object = value as KubeObject & { items?: unknown[] };
  const missing = [
    ...(object.kind ? [] : ["Object 'Kind' is missing"]),
    ...(object.apiVersion ? [] : ["'apiVersion' is missing"]),
  ];
  if (missing.length > 0) {
    const [what = ''] = missing;
    throw new CommandError(`unable to decode "${source}": ${what} in '${JSON.stringify(value)}'`);
  }
  if (object.kind?.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item) => flattened(item, source));
  }
  return [{ object: { ...object, metadata: object.metadata ?? {} }, source }];
}
