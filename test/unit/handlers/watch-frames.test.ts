import assert from 'node:assert/strict';
import { expired } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { Protobuf } from '../../../api/schema/protobuf/protobuf.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { HandlerOptions } from '../../../control-plane/handlers/port.ts';
import { WatchFrames } from '../../../control-plane/handlers/watch-frames.ts';
import { STATUS_TYPE } from '../../../control-plane/http/answer-encoder.ts';

const protobuf = new Protobuf({ table: loadSchemaTable() });

function framesIn(encoding: 'json' | 'protobuf'): WatchFrames {
  // Nothing else of the handlers is asked for.
  const handlers = { protobuf } as unknown as HandlerOptions;
  const form = { as: 'object', version: 'v1', encoding, includeObject: 'Metadata' } as const;
  return new WatchFrames({ kind: kinds.pods, form, handlers });
}

describe('the frames of a watch', () => {
  it('tell an error as an event with a Status, in the encoding of the others', () => {
    const error = expired('too old resource version: 1 (7)');
    assert.deepEqual(JSON.parse(framesIn('json').error(error).toString()), {
      type: 'ERROR',
      object: error.toStatus(),
    });
    const frame = framesIn('protobuf').error(error);
    assert.equal(frame.readUInt32BE(0), frame.length - 4);
    const status = frame.subarray(frame.indexOf('k8s\0'));
    assert.partialDeepStrictEqual(protobuf.decode(STATUS_TYPE, protobuf.open(status)), {
      code: 410,
      reason: 'Expired',
    });
  });

  it('mark the end of the present state for those who asked for it', () => {
    const lines = [framesIn('json').bookmark(7), framesIn('json').bookmark(7, true)];
    const marks = lines.map(
      (line) => (JSON.parse(line.toString()) as { object: { metadata: object } }).object.metadata,
    );
    assert.deepEqual(marks, [
      { resourceVersion: '7' },
      { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } },
    ]);
  });
});
