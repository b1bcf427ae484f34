/** Managers of the fields of built-in kinds. */
import { FieldManager } from '../../../api/apply/field-manager.ts';
import { SchemaTypes } from '../../../api/apply/schema-types.ts';
import { apiVersionOf, type Kind, kinds } from '../../../api/kinds.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';

const table = loadSchemaTable();
export const schemaTypes = new SchemaTypes({ table, codec: new Codec({ table }) });

export function managerOf(kind: Kind, statusKeeps: readonly string[] = []): FieldManager {
  const { kind: name, status } = kind;
  return new FieldManager({
    source: schemaTypes.of(kind),
    apiVersion: apiVersionOf(kind),
    kind: name,
    status,
    statusKeeps,
  });
}

export const deployments = managerOf(kinds.deployments, ['metadata.labels']);
