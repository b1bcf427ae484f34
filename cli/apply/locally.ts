/** What patches would make of objects, found without the server. */
import type { KubeObject } from '../../api/object.ts';
import type { PatchType } from '../../lib/client/rest.ts';
import type { Resource } from '../discovery.ts';
import { CommandError } from '../errors.ts';

/** Strategic for a type of the schema, a merge patch for what is not built in. */
export async function patchedLocally<T extends KubeObject>(
  object: T,
  patch: object,
  typeName: string | undefined,
): Promise<T> {
  if (typeName === undefined) {
    const { applyMergePatch } = await import('../../api/patch/merge.ts');
    return applyMergePatch(object, patch) as unknown as T;
  }
  const { StrategicMerge } = await import('../../api/patch/strategic.ts');
  const { loadSchemaTable } = await import('../../api/schema/table.ts');
  return new StrategicMerge({ table: loadSchemaTable() }).apply(typeName, object, patch) as unknown as T;
}

/** Throws a StatusError or a CommandError for a patch that does not fit the object. */
export async function patchedAlone<T extends KubeObject>(
  { resource, object }: { readonly resource: Pick<Resource, 'group' | 'version' | 'kind'>; readonly object: T },
  type: PatchType,
  patch: unknown,
): Promise<T> {
  if (type === 'json-patch') {
    const { applyJsonPatch } = await import('../../api/patch/json.ts');
    const { PatchError } = await import('../../api/patch/pointer.ts');
    try {
      return applyJsonPatch(object, patch) as T;
    } catch (error) {
      throw error instanceof PatchError ? new CommandError(error.message) : error;
    }
  }
  const { SchemaRules } = await import('./rules.ts');
  const typeName = type === 'strategic-merge-patch' ? new SchemaRules().typeOf(resource) : undefined;
  return patchedLocally(object, patch as object, typeName);
}
