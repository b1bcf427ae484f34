import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { formatDuration, parseDuration } from '../../../api/machinery/duration.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { Protobuf } from '../../../api/schema/protobuf/protobuf.ts';
import { Reader, Writer } from '../../../api/schema/protobuf/wire.ts';
import { loadSchemaTable, SPECIAL } from '../../../api/schema/table.ts';
import type { ValueType } from '../../../api/schema/table.ts';

const table = loadSchemaTable();
const codec = new Codec({ table });
const protobuf = new Protobuf({ table });
const POD = 'io.k8s.api.core.v1.Pod';

function roundTrip(typeName: string, object: object): unknown {
  const envelope = protobuf.open(protobuf.encode(typeName, object));
  return codec.decode(typeName, protobuf.decode(typeName, envelope), 'Strict').object;
}

describe('protobuf', () => {
  it('writes and reads whole numbers of 64 bits', () => {
    const within = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.oneof(within, fc.integer()), (value) => {
        const writer = new Writer();
        writer.integer(1, value);
        const reader = new Reader(writer.finish());
        assert.deepEqual(reader.tag(), { field: 1, wire: 0 });
        assert.equal(reader.varint(), value);
        assert.ok(reader.done);
      }),
    );
  });

  it('reads what Kubernetes writes', () => {
    // ConfigMap {metadata: {name: "a"}, data: {k: "v"}}: a text that is no pointer is written though it is empty.
    const envelope = protobuf.open(
      Buffer.from(
        '6b387300 0a0f0a0276311209436f6e6669674d6170 121b 0a11 0a0161 1200 1a00 2200 2a00 3200 3800 4200 12060a016b120176 1a00 2200'.replaceAll(
          ' ',
          '',
        ),
        'hex',
      ),
    );
    assert.deepEqual([envelope.apiVersion, envelope.kind], ['v1', 'ConfigMap']);
    const type = 'io.k8s.api.core.v1.ConfigMap';
    assert.deepEqual(codec.decode(type, protobuf.decode(type, envelope), 'Strict').object, {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      data: { k: 'v' },
    });
  });

  it('carries what JSON carries', () => {
    const { object } = codec.decode<object>(
      POD,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'p',
          labels: { a: 'b', __proto: 'x', é: '✓' },
          creationTimestamp: '2026-01-02T03:04:05Z',
          managedFields: [{ manager: 'm', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } }],
        },
        spec: {
          terminationGracePeriodSeconds: 0,
          priority: -5,
          volumes: [
            { name: 'v', emptyDir: {} },
            { name: 's', secret: { secretName: 'x', defaultMode: 420 } },
          ],
          containers: [
            {
              name: 'c',
              command: ['a', ''],
              resources: { limits: { cpu: '250m' } },
              livenessProbe: { httpGet: { port: 'http' } },
              readinessProbe: { tcpSocket: { port: 8080 } },
              stdin: true,
            },
          ],
        },
      },
      'Strict',
    );
    assert.deepEqual(roundTrip(POD, object), object);
  });

  it('carries the unions of schemas', () => {
    const type = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
    for (const additionalProperties of [true, false, { type: 'string' }]) {
      const schema = {
        items: { type: 'integer' },
        additionalProperties,
        default: { x: [1, null] },
        maximum: 1.5,
        enum: ['a', 1],
      };
      const { object } = codec.decode<object>(type, schema, 'Strict');
      const {
        kind: _kind,
        apiVersion: _apiVersion,
        ...back
      } = protobuf.decode(type, protobuf.open(protobuf.encode(type, object))) as Record<string, unknown>;
      assert.deepEqual(codec.decode(type, back, 'Strict').object, object);
    }
  });

  it('carries a value of every kind of every type', () => {
    for (const typeName of table.typeNames()) {
      if (!isObject(typeName)) continue;
      const typed = { apiVersion: 'v1', kind: 'X', ...(sample(typeName, 5) as object) };
      const { object } = codec.decode<object>(typeName, typed, 'Strict');
      assert.equal(JSON.stringify(roundTrip(typeName, object)), JSON.stringify(object), typeName);
    }
  });

  it('of any bytes throws nothing but StatusErrors', () => {
    const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
    const good = protobuf.encode(POD, codec.decode<object>(POD, sample(POD, 4), 'Strict').object);
    const broken = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([place, byte]) => {
      const copy = Uint8Array.from(good);
      copy[place] = byte;
      return copy;
    });
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.uint8Array().map((rest) => Buffer.concat([magic, rest])),
      broken,
    );
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          codec.decode(POD, protobuf.decode(POD, protobuf.open(body)), 'Warn');
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

const SAMPLES: Record<string, unknown> = {
  [SPECIAL.quantity]: '250m',
  [SPECIAL.intOrString]: '25%',
  [SPECIAL.time]: '2026-01-02T03:04:05Z',
  [SPECIAL.microTime]: '2026-01-02T03:04:05.678901Z',
  [SPECIAL.duration]: '1m30.5s',
  [SPECIAL.fields]: { 'f:a': {} },
  [SPECIAL.raw]: { kind: 'X' },
  [SPECIAL.json]: [1, 'a'],
  [SPECIAL.schemaOrArray]: { type: 'string' },
  [SPECIAL.schemaOrBool]: false,
  [SPECIAL.schemaOrStrings]: ['a', 'b'],
};
const SCALARS = { string: 's', bytes: 'YWI=', bool: true, int32: -7, int64: 1_234_567_890_123, double: 0.25 };

/** A value with every field that protobuf carries. */
function sample(typeName: string, depth: number): unknown {
  if (typeName in SAMPLES) return SAMPLES[typeName];
  if (depth === 0) return {};
  const object: Record<string, unknown> = {};
  for (const member of table.members(typeName)) {
    if (member.pb === undefined) continue;
    if (!('inline' in member)) object[member.name] = sampleValue(member, depth);
    else if (member.ref !== undefined) Object.assign(object, sample(member.ref, depth));
  }
  return object;
}

function isObject(typeName: string): boolean {
  return table.members(typeName).some((member) => 'inline' in member && member.ref?.endsWith('.meta.v1.TypeMeta'));
}

function sampleValue(value: ValueType, depth: number): unknown {
  if (value.list) return [sampleValue(value.list, depth)];
  if (value.map) return { key: sampleValue(value.map, depth) };
  if (value.ref !== undefined) return sample(value.ref, depth - 1);
  return SCALARS[value.type ?? 'string'];
}

describe('durations', () => {
  const cases: [string, number][] = [
    ['0s', 0],
    ['1ns', 1],
    ['1.5µs', 1500],
    ['300ms', 3e8],
    ['1.5s', 1.5e9],
    ['1m30.5s', 90.5e9],
    ['1h0m0s', 3.6e12],
    ['-2s', -2e9],
  ];
  for (const [text, nanoseconds] of cases) {
    it(`${text} is ${nanoseconds} ns`, () => {
      assert.equal(parseDuration(text), nanoseconds);
      assert.equal(formatDuration(nanoseconds), text);
    });
  }

  it('are also read in other forms', () => {
    assert.equal(parseDuration('90s'), 90e9);
    assert.equal(parseDuration('.5h'), 1.8e12);
    for (const text of ['', 's', '1', '1x', '1s ', '--1s']) assert.ok(Number.isNaN(parseDuration(text)), text);
  });
});
