import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { NodeSession, type NodeSessionOptions } from '../../../control-plane/nodes/session.ts';
import { FakeClock } from '../../../lib/clock.ts';
import type { Report, ServerMessage } from '../../../lib/link/proto.ts';
import { silentLog } from '../../../lib/log.ts';

describe('the session of an agent', () => {
  const report = (sequence: number): Report => ({
    sequence,
    pods: [],
    nodeStatus: Buffer.alloc(0),
    events: [],
    volumes: [],
  });

  /** Each write of a report waits in `writes` to be settled. */
  function harness() {
    const sent: ServerMessage[] = [];
    const writes: { sequence: number; done: () => void; fail: (error: Error) => void }[] = [];
    const stream = Object.assign(new EventEmitter(), {
      write: (message: ServerMessage) => sent.push(message) > 0,
      end: () => undefined,
    });
    const clock = new FakeClock();
    const store = { isProven: true };
    const session = new NodeSession({
      node: 'n1',
      instance: 'a',
      revision: 1,
      stream: stream as unknown as NodeSessionOptions['stream'],
      writer: {
        write: ({ sequence }) =>
          new Promise((resolve, reject) => writes.push({ sequence, done: resolve, fail: reject })),
      },
      clock,
      log: silentLog,
      isProven: () => store.isProven,
      onHeard: () => undefined,
      onClosed: () => undefined,
    });
    const acknowledged = (): (number | undefined)[] => sent.map(({ reportAck }) => reportAck?.sequence);
    const heartbeats = (): number[] => sent.flatMap(({ ack }) => ack?.sequence ?? []);
    return { session, writes, clock, store, acknowledged, heartbeats };
  }

  it('acknowledges heartbeats only while the other servers certainly know of the session', () => {
    const { session, store, heartbeats } = harness();
    session.receive({ heartbeat: { sequence: 1 } });
    store.isProven = false;
    session.receive({ heartbeat: { sequence: 2 } });
    store.isProven = true;
    session.receive({ heartbeat: { sequence: 3 } });
    assert.deepEqual(heartbeats(), [1, 3]);
  });

  it('stores reports one after the other, so that the newest word about an object is the last', async () => {
    const { session, writes, acknowledged } = harness();
    session.receive({ report: report(1) });
    session.receive({ report: report(2) });
    await setImmediate();
    assert.deepEqual(
      writes.map(({ sequence }) => sequence),
      [1],
    );
    writes[0]?.done();
    await setImmediate();
    assert.deepEqual(
      writes.map(({ sequence }) => sequence),
      [1, 2],
    );
    assert.deepEqual(acknowledged(), [1]);
    writes[1]?.done();
    await setImmediate();
    assert.deepEqual(acknowledged(), [1, 2]);
  });

  it('stores a report that the store could not take before any later one', async () => {
    const { session, writes, clock, acknowledged } = harness();
    session.receive({ report: report(1) });
    session.receive({ report: report(2) });
    await setImmediate();
    writes[0]?.fail(new Error('the store does not answer'));
    await setImmediate();
    clock.advance(500);
    await setImmediate();
    assert.deepEqual(
      writes.map(({ sequence }) => sequence),
      [1, 1],
    );
    writes[1]?.done();
    await setImmediate();
    writes[2]?.done();
    await setImmediate();
    assert.deepEqual(acknowledged(), [1, 2]);
  });
});
