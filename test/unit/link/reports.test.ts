import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pod, PodStatus } from '../../../api/types/core.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import type { Report } from '../../../lib/link/proto.ts';
import { EventLog } from '../../../node-agent/link/events.ts';
import { Reports } from '../../../node-agent/link/reports.ts';

function pod(name: string): Pod {
  return { metadata: { namespace: 'default', name, uid: `uid-${name}` }, spec: { containers: [] }, status: {} };
}

function setUp() {
  const clock = new FakeClock();
  const events = new EventLog({ component: 'dure-agent', host: 'node-1', clock });
  let news = 0;
  const reports = new Reports({ events, onNews: () => (news += 1) });
  return { reports, clock, news: () => news };
}

function told(report: Report | undefined): string[] {
  return (report?.pods ?? []).map(
    ({ name, status }) => `${name} ${(JSON.parse(status.toString()) as PodStatus).phase}`,
  );
}

describe('reports', () => {
  it('carry the newest status of a pod and are empty afterwards', () => {
    const { reports } = setUp();
    reports.podStatus(pod('a'), { phase: 'Pending' });
    reports.podStatus(pod('a'), { phase: 'Running' });
    assert.deepEqual(told(reports.take()), ['a Running']);
    assert.equal(reports.take(), undefined);
  });

  it('are sent again after a lost connection unless they were acknowledged', () => {
    const { reports } = setUp();
    reports.podStatus(pod('a'), { phase: 'Running' });
    const first = reports.take();
    reports.podStatus(pod('b'), { phase: 'Running' });
    reports.take();
    reports.acknowledge(first?.sequence ?? 0);
    reports.resend();
    assert.deepEqual(told(reports.take()), ['b Running']);
  });

  it('do not take an acknowledgement of an older status for one of a newer', () => {
    const { reports } = setUp();
    reports.podStatus(pod('a'), { phase: 'Pending' });
    const first = reports.take();
    reports.podStatus(pod('a'), { phase: 'Running' });
    reports.acknowledge(first?.sequence ?? 0);
    assert.deepEqual(told(reports.take()), ['a Running']);
  });

  it('say of volumes that they are removed until a server has heard it', () => {
    const { reports } = setUp();
    reports.volumeRemoved('pvc-1', 'uid-1');
    const first = reports.take();
    assert.deepEqual(first?.volumes, [{ name: 'pvc-1', uid: 'uid-1' }]);
    assert.equal(reports.take(), undefined);
    reports.resend();
    const again = reports.take();
    assert.deepEqual(again?.volumes, first?.volumes);
    reports.acknowledge(again?.sequence ?? 0);
    reports.resend();
    assert.equal(reports.take(), undefined);
  });

  it('count an event that happens again', () => {
    const { reports } = setUp();
    const about = { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' };
    reports.event(about, 'Warning', 'BackOff', 'again');
    reports.event(about, 'Warning', 'BackOff', 'again');
    reports.event(about, 'Warning', 'BackOff', 'other');
    const events = (reports.take()?.events ?? []).map(
      (bytes) => JSON.parse(bytes.toString()) as { metadata: { name: string }; count: number },
    );
    assert.deepEqual(
      events.map(({ count }) => count),
      [1, 2, 1],
    );
    assert.equal(events[0]?.metadata.name, events[1]?.metadata.name);
    assert.notEqual(events[0]?.metadata.name, events[2]?.metadata.name);
  });

  it('leave the last status of every pod with the server, whatever is lost on the way', () => {
    const step = fc.oneof(
      fc.record({
        type: fc.constant('status' as const),
        pod: fc.constantFrom('a', 'b', 'c'),
        phase: fc.string({ maxLength: 3 }),
      }),
      fc.record({ type: fc.constantFrom('deliver' as const, 'lose answer' as const, 'reconnect' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { reports } = setUp();
        const wanted = new Map<string, string | undefined>();
        const server = new Map<string, string | undefined>();
        const deliver = (acknowledge: boolean): void => {
          const report = reports.take();
          for (const item of report?.pods ?? [])
            server.set(item.name, (JSON.parse(item.status.toString()) as PodStatus).phase);
          if (report && acknowledge) reports.acknowledge(report.sequence);
        };
        for (const each of steps) {
          if (each.type === 'status') {
            reports.podStatus(pod(each.pod), { phase: each.phase });
            wanted.set(each.pod, each.phase);
          } else if (each.type === 'deliver') deliver(true);
          else if (each.type === 'lose answer') deliver(false);
          else reports.resend();
        }
        reports.resend();
        deliver(true);
        assert.deepEqual(server, wanted);
      }),
    );
  });
});
