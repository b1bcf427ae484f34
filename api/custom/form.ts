/** How the objects of a custom resource are read: metadata as everywhere, all else by their schema. */
import { DecodeError } from '../schema/decode-context.ts';
import type { Codec } from '../schema/codec.ts';
import type { Checked, ObjectForm } from '../schema/form.ts';
import { OBJECT_META } from '../schema/table.ts';
import { pruned } from './prune.ts';
import { isJsonObject, type Schema } from './schema.ts';

export interface CustomFormOptions {
  codec: Codec;
  schema: Schema;
  /** As `com.example.v1.CronTab`. */
  name: string;
}

export class CustomForm implements ObjectForm {
  readonly name: string;
  private readonly codec: Codec;
  private readonly schema: Schema;

  constructor({ codec, schema, name }: CustomFormOptions) {
    this.name = name;
    this.codec = codec;
    this.schema = schema;
  }

  check(value: unknown): Checked {
    if (!isJsonObject(value))
      throw new DecodeError('json: cannot unmarshal into Go value of type map[string]interface {}');
    const { metadata, ...rest } = value;
    const readMetadata = (given: unknown): Checked => this.codec.check(OBJECT_META, given);
    const decoded = readMetadata(metadata);
    const unknown = decoded.unknown.map((path) => `metadata.${path}`);
    const { apiVersion, kind, ...own } = pruned(rest, this.schema, unknown, readMetadata);
    const type = { ...(apiVersion === undefined ? {} : { apiVersion }), ...(kind === undefined ? {} : { kind }) };
    return { object: { ...type, metadata: decoded.object, ...own }, unknown };
  }
}
