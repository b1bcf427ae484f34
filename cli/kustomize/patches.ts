/** Patches of a kustomization: strategic ones, and lists of JSON operations, of one object or of all that are selected. */
import { RE2JS } from 're2js';
import { parse } from 'yaml';
import { StatusError } from '../../api/errors.ts';
import { copyJson, ownValue } from '../../api/machinery/json.ts';
import { parseLabelSelector, type Labels } from '../../api/machinery/selectors.ts';
import { applyJsonPatch } from '../../api/patch/json.ts';
import { applyMergePatch } from '../../api/patch/merge.ts';
import { PatchSchema } from '../../api/patch/patch-schema.ts';
import { PatchError } from '../../api/patch/pointer.ts';
import { StrategicMerge } from '../../api/patch/strategic.ts';
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { loadSchemaTable } from '../../api/schema/table.ts';
import { SchemaRules } from '../apply/rules.ts';
import { parseObjects } from './documents.ts';
import { KustomizeError } from './errors.ts';
import type { Folder } from './files.ts';
import type { Patch, Target } from './kustomization.ts';
import { effectiveNamespace, idText, Resource, sameId, type Id } from './resource.ts';

/** Throws KustomizeError. Objects that a patch deletes are taken out of `resources`. */
export function applyPatch(patch: Patch, resources: Resource[], folder: Folder): void {
  const { text, source } = patchText(patch, folder);
  const operations = operationsIn(text);
  if (operations) {
    if (!patch.target) throw new KustomizeError(`must specify a target for JSON patch ${source}`);
    for (const resource of selected(patch.target, resources)) applyOperations(resource, operations);
    return;
  }
  const parts = partsIn(text, source);
  const { target, options = {} } = patch;
  if (!target) {
    for (const part of parts) mergeInto(uniqueTarget(part.id, resources), part, options, resources);
    return;
  }
  if (parts.length > 1) {
    throw new KustomizeError(
      `Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source}`,
    );
  }
  for (const part of parts) {
    for (const resource of selected(target, resources)) mergeInto(resource, part, options, resources);
  }
}

/** One of `patchesStrategicMerge`: a file, or the patch itself. */
export function applyStrategicPatch(given: string, resources: Resource[], folder: Folder): void {
  const isFile = !given.includes('\n') && folder.isFile(given);
  const text = isFile || !given.includes(':') ? folder.read(given).toString('utf8') : given;
  for (const part of partsIn(text, given)) mergeInto(uniqueTarget(part.id, resources), part, {}, resources);
}

/** One of `patchesJson6902`: its target is one object, by its name. */
export function applyOperationPatch(patch: Patch, resources: readonly Resource[], folder: Folder): void {
  const { target } = patch;
  if (!target?.name) throw new KustomizeError('must specify the target field and its name in patchesJson6902');
  const { text, source } = patchText(patch, folder);
  const operations = operationsIn(text);
  if (!operations) throw new KustomizeError(`unable to parse JSON patch from ${source}`);
  const { group = '', version = '', kind = '', name, namespace = '' } = target;
  applyOperations(uniqueTarget({ group, version, kind, name, namespace }, resources), operations);
}

function patchText({ path, patch }: Patch, folder: Folder): { readonly text: string; readonly source: string } {
  const inline = patch?.trim() ?? '';
  if (inline !== '' && path) throw new KustomizeError("patch and path can't be set at the same time");
  if (inline !== '') return { text: inline, source: `[patch: ${JSON.stringify(inline)}]` };
  if (!path) throw new KustomizeError('must specify one of patch and path');
  return { text: folder.read(path).toString('utf8'), source: `[path: ${JSON.stringify(path)}]` };
}

/** Undefined when it is no list of operations. */
function operationsIn(text: string): unknown[] | undefined {
  let value: unknown;
  try {
    value = parse(text, { version: '1.1', logLevel: 'silent' });
  } catch {
    // Several documents, or no YAML at all: whoever reads objects in it says what is wrong.
    return undefined;
  }
  return isList(value) ? value : undefined;
}

function partsIn(text: string, source: string): Resource[] {
  try {
    return parseObjects(text, source).map((object) => new Resource(object));
  } catch (error) {
    throw new KustomizeError(`unable to parse SM or JSON patch from ${source}: ${(error as Error).message}`);
  }
}

function uniqueTarget(id: Id, resources: readonly Resource[]): Resource {
  const [found, ...more] = resources.filter(({ ids }) => ids.some((each) => sameId(each, id)));
  if (found && more.length === 0) return found;
  const why = found ? 'multiple matches' : 'no matches';
  throw new KustomizeError(`no resource matches strategic merge patch "${idText(id)}": ${why} for Id ${idText(id)}`);
}

function applyOperations(resource: Resource, operations: readonly unknown[]): void {
  resource.remember();
  try {
    resource.object = applyJsonPatch(resource.object, operations) as JsonObject;
  } catch (error) {
    if (!(error instanceof PatchError || error instanceof StatusError)) throw error;
    throw new KustomizeError(`the JSON patch does not fit ${idText(resource.id)}: ${error.message}`);
  }
}

function mergeInto(
  resource: Resource,
  part: Resource,
  { allowNameChange = false, allowKindChange = false }: NonNullable<Patch['options']>,
  resources: Resource[],
): void {
  const { name, namespace, kind } = resource.id;
  const { apiVersion } = resource.object;
  if (ownValue(part.object, '$patch') === 'delete') {
    resources.splice(resources.indexOf(resource), 1);
    return;
  }
  if (allowNameChange || allowKindChange) resource.remember();
  const table = loadSchemaTable();
  const typeName = new SchemaRules().typeOf(resource.id);
  if (typeName === undefined) resource.object = applyMergePatch(resource.object, part.object) as JsonObject;
  else {
    const patch = ordered(part.object, resource.object, typeName, new PatchSchema(table));
    resource.object = new StrategicMerge({ table }).apply(typeName, resource.object, patch);
  }
  if (!allowKindChange) Object.assign(resource.object, { apiVersion, kind });
  if (!allowNameChange) resource.metadata['name'] = name;
  if (namespace === '') delete resource.metadata['namespace'];
  else resource.metadata['namespace'] = namespace;
}

/** The patch with the order of merged lists: what it names comes first, in its own order. */
function ordered(patch: JsonObject, before: unknown, typeName: string | undefined, schema: PatchSchema): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(patch)) {
    const field = schema.field(typeName, name);
    const current = isObject(before) ? ownValue(before, name) : undefined;
    if (isObject(value)) result[name] = ordered(value, current, field?.typeName, schema);
    else if (!isList(value) || !field?.merges || hasDirective(value, 'replace')) result[name] = copyJson(value);
    else {
      const key = field.mergeKey;
      const identity = (element: unknown): unknown =>
        key !== undefined && isObject(element) ? { [key]: element[key] } : element;
      const own = value.filter((element) => !(isObject(element) && Object.hasOwn(element, '$patch')));
      const texts = new Set(own.map((element) => JSON.stringify(identity(element))));
      const others = (isList(current) ? current : [])
        .map(identity)
        .filter((element) => !texts.has(JSON.stringify(element)));
      const gone = new Set(
        value.filter((element) => !own.includes(element)).map((each) => JSON.stringify(identity(each))),
      );
      result[name] = value.map((element) => {
        const sameBefore = (isList(current) ? current : []).find(
          (each) => JSON.stringify(identity(each)) === JSON.stringify(identity(element)),
        );
        return isObject(element) ? ordered(element, sameBefore, field.typeName, schema) : element;
      });
      result[`$setElementOrder/${name}`] = [
        ...own.map(identity),
        ...others.filter((element) => !gone.has(JSON.stringify(element))),
      ];
    }
  }
  return result;
}

function hasDirective(list: readonly unknown[], directive: string): boolean {
  return list.some((element) => isObject(element) && ownValue(element, '$patch') === directive);
}

/** Those that a target fits, by what they are or were called. */
export function selected(target: Target, resources: readonly Resource[]): Resource[] {
  const { group, version, kind, name, namespace } = target;
  const fits = (pattern: string | undefined): ((text: string) => boolean) => {
    if (!pattern) return () => true;
    const whole = compiled(pattern);
    return (text) => whole.matches(text);
  };
  const [isGroup, isVersion, isKind, isName, isNamespace] = [group, version, kind, name, namespace].map(fits);
  const byLabels = metadataMatcher(target.labelSelector, 'labels');
  const byAnnotations = metadataMatcher(target.annotationSelector, 'annotations');
  return resources.filter((resource) => {
    const { id, originalId } = resource;
    const both = [originalId, id];
    return (
      isGroup?.(id.group) &&
      isVersion?.(id.version) &&
      isKind?.(id.kind) &&
      both.some((each) => isNamespace?.(effectiveNamespace(each))) &&
      both.some((each) => isName?.(each.name)) &&
      byLabels(resource) &&
      byAnnotations(resource)
    );
  });
}

/** For whole texts, in linear time. */
function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new KustomizeError(`error parsing regexp: ${(error as Error).message}`);
  }
}

function metadataMatcher(
  selector: string | undefined,
  field: 'labels' | 'annotations',
): (resource: Resource) => boolean {
  if (!selector) return () => true;
  const { matches } = parseLabelSelector(selector);
  return ({ metadata }) => matches(metadata[field] as Labels | undefined);
}
