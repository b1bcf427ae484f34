/** The types of expressions made from the schema table: what expressions see of objects of the kinds that come with it. */
import { OBJECT_META, type SchemaTable, SPECIAL, type ValueType } from '../schema/table.ts';
import { escape } from './escape.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  type Field,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
} from './types.ts';

const SCALARS = { string: STRING, bytes: BYTES, bool: BOOL, int32: INT, int64: INT, double: DOUBLE } as const;

const SPECIALS: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  [SPECIAL.quantity, DYN],
  [SPECIAL.intOrString, DYN],
  [SPECIAL.time, TIMESTAMP],
  [SPECIAL.microTime, TIMESTAMP],
  [SPECIAL.duration, DURATION],
]);

/** Types are made when they are asked for, since they can contain themselves, and then kept. */
export function tableTypes(table: SchemaTable): (typeName: string) => CelType {
  const known = new Map<string, CelType>();

  function ofName(name: string): CelType {
    const special = SPECIALS.get(name);
    if (special) return special;
    if (!table.has(name) || Object.values<string>(SPECIAL).includes(name)) return DYN;
    const made = known.get(name) ?? recordOf(name);
    known.set(name, made);
    return made;
  }

  function ofValue(value: ValueType): CelType {
    if (value.list) return listOf(ofValue(value.list));
    if (value.map) return mapOf(STRING, ofValue(value.map));
    return value.ref === undefined ? SCALARS[value.type ?? 'string'] : ofName(value.ref);
  }

  function recordOf(name: string): CelType {
    const fields = new Map<string, ValueType & { readonly name: string }>();
    for (const field of table.fields(name)) fields.set(escape(field.name) ?? field.name, field);
    return {
      kind: 'object',
      name: name === OBJECT_META ? 'ObjectMeta' : name,
      field: (escaped): Field | undefined => {
        const field = fields.get(escaped);
        return field && { type: ofValue(field), property: field.name };
      },
      fieldNames: () => fields.keys(),
    };
  }

  return ofName;
}
