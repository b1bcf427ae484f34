import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatMicroTime, formatTime } from '../../../api/machinery/time.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { BackwardWriter } from '../../../api/schema/protobuf/backward-writer.ts';
import { Protobuf } from '../../../api/schema/protobuf/protobuf.ts';
import { Reader, Writer } from '../../../api/schema/protobuf/wire.ts';
import { loadSchemaTable, SPECIAL } from '../../../api/schema/table.ts';
import type { Field, Scalar, ValueType } from '../../../api/schema/table.ts';

const table = loadSchemaTable();
const codec = new Codec({ table });
const protobuf = new Protobuf({ table });
const DEPTH = 7;

const milliseconds = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
const duration = fc.tuple(fc.nat(99), fc.nat(59), fc.nat(999)).map(([h, s, ms]) => `${h}h${s}.${ms}s`);
const anything = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });

const SPECIALS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  [SPECIAL.quantity]: fc.constantFrom('0', '250m', '1.5Gi', '1e3', '-7', '12Ti', '0.001'),
  [SPECIAL.intOrString]: fc.oneof(fc.integer(), fc.string()),
  [SPECIAL.time]: milliseconds.map(formatTime),
  [SPECIAL.microTime]: fc.tuple(milliseconds, fc.nat(999)).map(([time, micro]) => formatMicroTime(time, micro)),
  [SPECIAL.duration]: duration,
  [SPECIAL.fields]: anything,
  [SPECIAL.raw]: anything,
  [SPECIAL.json]: anything,
  [SPECIAL.schemaOrArray]: fc.constantFrom({ type: 'string' }),
  [SPECIAL.schemaOrBool]: fc.constantFrom(true, false, { type: 'string' }),
  [SPECIAL.schemaOrStrings]: fc.constantFrom(['a', 'b'], { type: 'string' }),
};
const SCALARS: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: 'grapheme' }),
  bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
  bool: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
};

/** Objects with some of the fields that protobuf carries; shallower with each level so that they end. */
function objectOf(typeName: string, depth: number): fc.Arbitrary<unknown> {
  const special = SPECIALS[typeName];
  if (special) return special;
  if (depth === 0) return fc.constant({});
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of carried(typeName)) {
    fields[field.name] = fc.option(valueOf(field, depth), { nil: undefined, freq: depth });
  }
  return fc.record(fields).map((object) => JSON.parse(JSON.stringify(object)) as unknown);
}

/** Those of inlined types too, but not what JSON alone has, such as the kind of an object within another. */
function carried(typeName: string): Field[] {
  return table.members(typeName).flatMap((member) => {
    if (member.pb === undefined) return [];
    if (!('inline' in member)) return [member];
    return member.ref === undefined ? [] : carried(member.ref);
  });
}

function valueOf(value: ValueType, depth: number): fc.Arbitrary<unknown> {
  // Empty lists can't be told from none; that an empty list of managers clears them can be said in JSON alone.
  if (value.list) return fc.array(valueOf(value.list, depth), { minLength: 1, maxLength: 2 });
  if (value.map) return fc.dictionary(fc.string({ minLength: 1 }), valueOf(value.map, depth), { maxKeys: 3 });
  if (value.ref !== undefined) return objectOf(value.ref, depth - 1);
  return SCALARS[value.type ?? 'string'];
}

const kinds = [...table.typeNames()].filter((typeName) =>
  table.members(typeName).some((member) => 'inline' in member && member.ref?.endsWith('.meta.v1.TypeMeta')),
);

describe('messages', () => {
  it('carry every object of every type as JSON does', () => {
    const samples = fc
      .constantFrom(...kinds)
      .chain((typeName) => fc.tuple(fc.constant(typeName), objectOf(typeName, DEPTH)));
    fc.assert(
      fc.property(samples, ([typeName, value]) => {
        const typed = { ...(value as object), apiVersion: 'v1', kind: 'X' };
        const { object } = codec.decode<object>(typeName, typed, 'Strict');
        const envelope = protobuf.open(protobuf.encode(typeName, object));
        const back = codec.decode(typeName, protobuf.decode(typeName, envelope), 'Strict').object;
        assert.deepEqual(back, object, typeName);
      }),
      { numRuns: 300 },
    );
  });

  it('are the same whether they are written forwards or backwards', () => {
    const field = fc.oneof(
      fc.record({ as: fc.constant('integer' as const), value: fc.maxSafeInteger() }),
      fc.record({ as: fc.constant('double' as const), value: fc.double() }),
      fc.record({ as: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
      fc.record({ as: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
    );
    const write = (writer: Writer | BackwardWriter, { as, value }: { as: string; value: unknown }): void => {
      if (as === 'integer') writer.integer(1, value as number);
      else if (as === 'double') writer.double(2, value as number);
      else if (as === 'text') writer.text(300, value as string);
      else writer.bytes(4, value as Uint8Array);
    };
    const backward = new BackwardWriter();
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const forward = new Writer();
        for (const each of fields) write(forward, each);
        backward.reset();
        for (const each of fields.toReversed()) write(backward, each);
        assert.deepEqual(Buffer.from(backward.finish()), Buffer.from(forward.finish()));
      }),
    );
  });

  it('may be larger than the buffer that they are written into', () => {
    const writer = new BackwardWriter();
    const value = 'x'.repeat(3 * 1024 * 1024);
    for (let time = 0; time < 2; time += 1) {
      writer.reset();
      writer.text(2, value);
      writer.integer(1, 7);
      const reader = new Reader(writer.finish());
      assert.deepEqual([reader.tag().field, reader.varint(), reader.tag().field], [1, 7, 2]);
      assert.equal(Buffer.from(reader.bytes()).toString(), value);
    }
  });
});
