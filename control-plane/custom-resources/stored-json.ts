/** What is read from the store has the defaults and no more than the fields of its schema as they are now. */
import { defaulted } from '../../api/custom/defaults.ts';
import { pruned } from '../../api/custom/prune.ts';
import { isJsonObject, type Schema } from '../../api/custom/schema.ts';
import type { DecodeStored } from '../registry/conversion.ts';

/** `schemas` is by apiVersion. An object of a version that is not there any more stays as it was stored. */
export function decodeCustom(schemas: ReadonlyMap<string, Schema>): DecodeStored {
  return (value) => {
    const object: unknown = JSON.parse(value.toString('utf8'));
    if (!isJsonObject(object)) return value;
    const schema = schemas.get(String(object['apiVersion']));
    if (!schema) return value;
    const current = defaulted(pruned(object, schema), schema);
    return current === object ? value : Buffer.from(JSON.stringify(current));
  };
}
