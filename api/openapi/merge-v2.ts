/** What other servers say of themselves in OpenAPI v2, made part of the one document. */
import { sameJson } from '../machinery/json.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a document says about one version of one group, and the definitions that this needs. */
export interface OpenApiPart {
  readonly paths: ReadonlyMap<string, unknown>;
  readonly definitions: ReadonlyMap<string, unknown>;
}

const DEFINITIONS = '#/definitions/';
const PARAMETERS = '#/parameters/';
/** Types refer to types that refer to types; a name too many is no harm. */
const PASSES = 3;
const GVK = 'x-kubernetes-group-version-kind';

/** Throws an Error for what is no such document. */
export function openApiPart(document: unknown, group: string, version: string): OpenApiPart {
  if (!isObject(document) || !isObject(document['paths'])) throw new Error('it is no OpenAPI v2 document');
  const all = isObject(document['definitions']) ? document['definitions'] : {};
  const parameters = isObject(document['parameters']) ? document['parameters'] : {};
  const prefix = `/apis/${group}/${version}/`;
  const paths = new Map(
    Object.entries(document['paths'])
      .filter(([path, item]) => path.startsWith(prefix) && isObject(item))
      .map(([path, item]) => [path, withParameters(item, parameters)]),
  );
  return { paths, definitions: needed([...paths.values()], all) };
}

/** The document with the parts in it. What two of them define differently gets another name in the later one. */
export function withParts(document: Json, parts: readonly OpenApiPart[]): object {
  const paths = new Map(Object.entries(document['paths'] as Json));
  const definitions = new Map(Object.entries(document['definitions'] as Json));
  for (const part of parts) {
    const names = namesFor(part, definitions);
    const rename = renaming(names);
    for (const [name, value] of part.definitions) {
      const free = names.get(name) ?? name;
      if (!definitions.has(free)) definitions.set(free, withReferences(value, rename));
    }
    for (const [path, item] of part.paths) if (!paths.has(path)) paths.set(path, withReferences(item, rename));
  }
  return { ...document, paths: Object.fromEntries(paths), definitions: Object.fromEntries(definitions) };
}

/**
 * Of the part's definitions, each its own where nobody else has it or means the same by it. What is the same depends on the
 * names of what it refers to, so the names are looked for again with those that were found.
 */
function namesFor({ definitions }: OpenApiPart, taken: ReadonlyMap<string, unknown>): ReadonlyMap<string, string> {
  let names: ReadonlyMap<string, string> = new Map();
  for (let pass = 0; pass < PASSES; pass++) {
    const rename = renaming(names);
    names = new Map(
      [...definitions].map(([name, value]) => [name, freeName(taken, name, withReferences(value, rename))]),
    );
  }
  return names;
}

function renaming(names: ReadonlyMap<string, string>): (reference: string) => string {
  return (reference) => {
    const name = reference.slice(DEFINITIONS.length);
    return reference.startsWith(DEFINITIONS) ? DEFINITIONS + (names.get(name) ?? name) : reference;
  };
}

function freeName(taken: ReadonlyMap<string, unknown>, name: string, value: unknown): string {
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? name : `${name}_v${attempt}`;
    const other = taken.get(candidate);
    if (other === undefined || sameJson(withoutKinds(other), withoutKinds(value))) return candidate;
  }
}

/** Types of the machinery list the kinds of their own server. */
function withoutKinds(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { [GVK]: _kinds, ...rest } = value;
  return rest;
}

/** Another server may name parameters that many operations have; here each operation says its own. */
function withParameters(value: unknown, parameters: Json): unknown {
  return mapped(value, (object) => {
    const reference = object['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith(PARAMETERS)) return object;
    const name = reference.slice(PARAMETERS.length);
    const found = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return isObject(found) ? found : object;
  });
}

/** The same, with every reference renamed. */
export function withReferences(value: unknown, rename: (reference: string) => string): unknown {
  return mapped(value, (object) => {
    const reference = object['$ref'];
    return typeof reference === 'string' ? { ...object, $ref: rename(reference) } : object;
  });
}

function needed(roots: readonly unknown[], all: Json): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const waiting = roots.flatMap(definitionsIn);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const value = Object.hasOwn(all, name) ? all[name] : undefined;
    if (found.has(name) || !isObject(value)) continue;
    found.set(name, value);
    waiting.push(...definitionsIn(value));
  }
  return found;
}

function definitionsIn(value: unknown): string[] {
  const names: string[] = [];
  withReferences(value, (reference) => {
    if (reference.startsWith(DEFINITIONS)) names.push(reference.slice(DEFINITIONS.length));
    return reference;
  });
  return names;
}

function mapped(value: unknown, change: (object: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((item) => mapped(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(change(value)).map(([name, item]) => [name, mapped(item, change)]));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
