/** What the schema table says about patching the types that it knows. */
import { PatchSchema } from '../../api/patch/patch-schema.ts';
import { loadSchemaTable, type SchemaTable } from '../../api/schema/table.ts';
import type { Resource } from '../discovery.ts';
import type { PatchRules } from './three-way.ts';

export class SchemaRules implements PatchRules {
  private readonly table: SchemaTable;
  private readonly schema: PatchSchema;

  constructor() {
    this.table = loadSchemaTable();
    this.schema = new PatchSchema(this.table);
  }

  /** The name of a resource's type; undefined for what is not built in: it is patched by merge patches. */
  typeOf({ group, version, kind }: Pick<Resource, 'group' | 'version' | 'kind'>): string | undefined {
    const name = `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
    return this.table.has(name) ? name : undefined;
  }

  field(typeName: string | undefined, name: string): ReturnType<PatchSchema['field']> {
    return this.schema.field(typeName, name);
  }

  retainsKeys(typeName: string | undefined, name: string): boolean {
    if (typeName === undefined) return false;
    const field = this.table.fields(typeName).find((candidate) => candidate.name === name);
    return field?.patchStrategy?.split(',').includes('retainKeys') === true;
  }
}
