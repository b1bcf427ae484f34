import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuditLog } from '../../../control-plane/audit/log.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

describe('the audit log', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'dure-audit-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const linesOf = (name: string): { n: number }[] =>
    readFileSync(path.join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { n: number });

  function open(clock: FakeClock): AuditLog {
    const file = path.join(directory, 'audit.log');
    return new AuditLog({ file, maxBytes: 100, maxBackups: 2, maxDays: 0, clock, log: silentLog });
  }

  it('writes one line an event, in order, and goes on where it stopped', async () => {
    for (const first of [0, 3]) {
      const log = open(new FakeClock());
      await log.start();
      await Promise.all([0, 1, 2].map((n) => log.write({ n: first + n })));
      await log.stop();
    }
    assert.deepEqual(
      linesOf('audit.log').map(({ n }) => n),
      [0, 1, 2, 3, 4, 5],
    );
    assert.equal(statSync(path.join(directory, 'audit.log')).mode & 0o777, 0o600);
  });

  it('is put aside when it is full, loses nothing meanwhile, and keeps as many as it is told', async () => {
    const clock = new FakeClock();
    const log = open(clock);
    await log.start();
    for (let n = 0; n < 40; n += 1) {
      clock.advance(1000);
      await log.write({ n });
    }
    await log.stop();
    const names = readdirSync(directory).toSorted((a, b) => (a < b ? -1 : 1));
    assert.equal(names.length, 3);
    assert.equal(names.at(-1), 'audit.log');
    const kept = names.flatMap((name) => linesOf(name)).map(({ n }) => n);
    assert.deepEqual(
      kept,
      kept.map((_, at) => 40 - kept.length + at),
    );
    for (const name of names) assert.ok(statSync(path.join(directory, name)).size <= 100);
  });
});
