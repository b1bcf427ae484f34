/** What expressions see of the objects of a kind: by the schema table, or by the kind's definition. */
import { schemaType, type TypeSchema } from '../../api/cel/schema-types.ts';
import { tableTypes } from '../../api/cel/table-types.ts';
import type { CelType } from '../../api/cel/types.ts';
import type { Kind } from '../../api/kinds.ts';
import type { CustomResourceDefinition } from '../../api/types/apiextensions.v1.ts';
import { OBJECT_META, type SchemaTable } from '../../api/schema/table.ts';
import type { View } from '../../lib/view.ts';

export interface KindTypesOptions {
  table: SchemaTable;
  definitions: View<CustomResourceDefinition>;
}

/** undefined for a kind of which nothing is known. */
export function kindTypes({ table, definitions }: KindTypesOptions): (kind: Kind) => CelType | undefined {
  const ofTable = tableTypes(table);
  return (kind) => {
    if (table.has(kind.schema)) return ofTable(kind.schema);
    const definition = definitions.get(`${kind.plural}.${kind.group}`);
    const schema = definition?.spec.versions.find(({ name }) => name === kind.version)?.schema?.openAPIV3Schema;
    const type = schema && schemaType(schema as unknown as TypeSchema, kind.kind, true);
    if (type?.kind !== 'object') return type;
    // Rules of a definition see little of the metadata; policies see all of it.
    const metadata = { type: ofTable(OBJECT_META), property: 'metadata' };
    return {
      kind: 'object',
      name: type.name,
      field: (name) => (name === 'metadata' ? metadata : type.field(name)),
      fieldNames: () => type.fieldNames(),
    };
  };
}
