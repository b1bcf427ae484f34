import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Pod } from '../../../api/types/core.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import type { AgentMessage, AgentsClient, Report, ServerMessage } from '../../../lib/link/proto.ts';
import { silentLog } from '../../../lib/log.ts';
import { EventLog } from '../../../node-agent/link/events.ts';
import { Reports } from '../../../node-agent/link/reports.ts';
import { Session } from '../../../node-agent/link/session.ts';
import { DesiredStateStore } from '../../../node-agent/state/store.ts';

/** The agent's end of a stream whose other end is the test. */
class Stream extends EventEmitter {
  readonly sent: AgentMessage[] = [];

  write(message: AgentMessage): boolean {
    this.sent.push(message);
    return true;
  }

  receive(message: Partial<ServerMessage>): void {
    this.emit('data', message);
  }

  reports(): Report[] {
    return this.sent.flatMap(({ report }) => report ?? []);
  }

  end(): void {}

  cancel(): void {}
}

interface Connected {
  stream: Stream;
  reports: Reports;
  session: Session;
  clock: FakeClock;
  /** Why it ended. */
  ends: string[];
  /** When what was acknowledged had been sent. */
  proofs: number[];
}

/** Welcomed, and with `filled` also told all that is wanted. */
function connect(filled = true, others: readonly string[] = []): Connected {
  const clock = new FakeClock();
  const proofs: number[] = [];
  const ends: string[] = [];
  const events = new EventLog({ component: 'dure-agent', host: 'node-1', clock });
  const stream = new Stream();
  const reports: Reports = new Reports({ events, onNews: () => session.report() });
  const session: Session = new Session({
    client: { session: () => stream } as unknown as AgentsClient,
    hello: { nodeName: 'node-1', version: 'v1', protocol: 1, instance: 'i', node: Buffer.from('{}') },
    isOneOfSeveral: () => others.length > 0,
    store: new DesiredStateStore(),
    reports,
    clock,
    log: silentLog,
    onWelcome: () => undefined,
    onComplete: () => undefined,
    onServers: () => undefined,
    onMove: () => undefined,
    onStream: () => undefined,
    uptime: () => clock.now(),
    onProof: (sentAt) => proofs.push(sentAt),
    onEnd: (reason) => ends.push(reason),
  });
  const welcome = { heartbeatMilliseconds: 400 } as NonNullable<ServerMessage['welcome']>;
  stream.receive({ welcome });
  if (filled) stream.receive({ changes: { changes: [], complete: true } });
  return { stream, reports, session, clock, ends, proofs };
}

function pod(name: string): Pod {
  return { metadata: { namespace: 'default', name, uid: name }, spec: { containers: [] }, status: {} };
}

describe('a session with a server', () => {
  it('has one report on its way, and tells what happens meanwhile in the next', () => {
    const { stream, reports, session } = connect();
    reports.podStatus(pod('a'), { phase: 'Pending' });
    reports.podStatus(pod('a'), { phase: 'Running' });
    reports.podStatus(pod('b'), { phase: 'Pending' });
    reports.podStatus(pod('b'), { phase: 'Running' });
    const told = (): string[][] =>
      stream.reports().map(({ pods }) => pods.map(({ name, status }) => `${name} ${status.toString()}`));
    assert.deepEqual(told(), [['a {"phase":"Pending"}']]);
    stream.receive({ reportAck: { sequence: stream.reports()[0]?.sequence ?? 0 } });
    assert.deepEqual(told().slice(1), [['a {"phase":"Running"}', 'b {"phase":"Running"}']]);
    stream.receive({ reportAck: { sequence: stream.reports()[1]?.sequence ?? 0 } });
    assert.equal(stream.reports().length, 2);
    session.close();
  });

  it('is a proof of nothing before it has told all that is wanted', () => {
    const { stream, session, proofs } = connect(false);
    stream.receive({ ack: { sequence: 1 } });
    assert.deepEqual(proofs, []);
    stream.receive({ changes: { changes: [], complete: true } });
    session.close();
    const later = connect();
    later.stream.receive({ ack: { sequence: 1 } });
    assert.equal(later.proofs.length, 1);
    later.session.close();
  });

  it('gives a silent server up sooner when there are others', () => {
    for (const [news, patience] of [
      [[], 2400],
      [['other'], 1600],
    ] as const) {
      // What others there are is mostly heard of only in the session.
      const others: string[] = [];
      const { clock, ends } = connect(true, others);
      others.push(...news);
      clock.advance(patience - 1);
      assert.deepEqual(ends, []);
      clock.advance(1);
      assert.deepEqual(ends, [`the server was silent for ${patience} ms`]);
    }
  });

  it('sends a heartbeat as soon as it has been told all, as no earlier one counts', () => {
    const { clock, proofs, stream } = connect(false);
    clock.advance(100);
    stream.receive({ changes: { changes: [], complete: true } });
    stream.receive({ ack: { sequence: 2 } });
    assert.deepEqual(proofs, [100]);
  });
});
