import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { CHANNEL } from '../../../api/streams.ts';
import { FakeClock, systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { MemoryRuntime } from '../../../node-agent/runtime/memory.ts';
import { parseLogLine } from '../../../node-agent/streams/log-line.ts';
import { tailOffset } from '../../../node-agent/streams/log-tail.ts';
import { LogFormat, type LogsWanted, readLogs } from '../../../node-agent/streams/logs.ts';
import { LogRotator } from '../../../node-agent/streams/rotation.ts';
import { StreamServer } from '../../../node-agent/streams/serve.ts';
import { UsageMeter, parseNodeCounters } from '../../../node-agent/streams/usage.ts';
import { COMMANDS, containerConfig, sandboxConfig } from '../../contract/runtime.ts';
import { FakeStreamEnd, NO_DIALING } from '../../support/stream-end.ts';

const BASE: LogsWanted = { kind: 'logs', namespace: 'default', pod: 'web', uid: '', container: 'main' };
const NOW = Date.parse('2026-01-01T00:01:00Z');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'logs-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function logLine(second: number, text: string, stream = 'stdout', tag = 'F'): string {
  return `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z ${stream} ${tag} ${text}\n`;
}

async function read(content: string, wanted: Partial<LogsWanted>): Promise<string> {
  const file = path.join(directory, '0.log');
  writeFileSync(file, content);
  const pieces: Buffer[] = [];
  const source = { path: file, ended: Promise.resolve() };
  const signal = new AbortController().signal;
  for await (const piece of readLogs({ ...BASE, ...wanted }, source, NOW, signal)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('container logs', () => {
  const three = logLine(1, 'one') + logLine(30, 'two', 'stderr') + logLine(50, 'three');

  it('are the text of the lines', async () => {
    assert.equal(await read(three, {}), 'one\ntwo\nthree\n');
    assert.equal(await read('', {}), '');
  });

  it('start so many lines from the end', async () => {
    assert.equal(await read(three, { tailLines: 2 }), 'two\nthree\n');
    assert.equal(await read(three, { tailLines: 0 }), '');
    assert.equal(await read(three, { tailLines: 9 }), 'one\ntwo\nthree\n');
    assert.equal(await read(three, { tailLines: 1, stream: 'Stderr' }), 'two\n');
  });

  it('start at a time', async () => {
    assert.equal(await read(three, { sinceTime: '2026-01-01T00:00:30Z' }), 'two\nthree\n');
    assert.equal(await read(three, { sinceSeconds: 20 }), 'three\n');
  });

  it('end after so many bytes', async () => {
    assert.equal(await read(three, { limitBytes: 6 }), 'one\ntw');
  });

  it('carry the times of the lines', async () => {
    assert.equal(await read(logLine(1, 'one'), { timestamps: true }), '2026-01-01T00:00:01.000000001Z one\n');
  });

  it('come from one stream when only that is wanted', async () => {
    assert.equal(await read(three, { stream: 'Stdout' }), 'one\nthree\n');
  });

  it('join lines that were written in parts, which count as one', async () => {
    const parts =
      logLine(1, 'first') + logLine(2, 'a', 'stdout', 'P') + logLine(3, 'b', 'stdout', 'P') + logLine(4, 'c');
    assert.equal(await read(parts, {}), 'first\nabc\n');
    assert.equal(await read(parts, { tailLines: 1 }), 'abc\n');
    assert.equal(await read(parts, { tailLines: 1, timestamps: true }), '2026-01-01T00:00:02.000000001Z abc\n');
  });

  it('skip what is no line of a CRI log', async () => {
    assert.equal(await read(`garbage\n\n${logLine(1, '')}${logLine(2, 'x')}half a li`, {}), '\nx\n');
  });

  it('are found from the end as from the beginning, whatever is in the file', async () => {
    const line = fc.oneof(
      fc.constantFrom(logLine(1, 'full'), logLine(1, 'err', 'stderr'), logLine(1, 'part', 'stdout', 'P'), 'junk\n'),
      fc.nat(70_000).map((length) => logLine(1, 'x'.repeat(length))),
    );
    const property = fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.nat(6), async (lines, count) => {
      const all = await read(lines.join(''), {});
      const tail = await read(lines.join(''), { tailLines: count });
      const wholeLines = all.split('\n').slice(0, -1);
      assert.ok(all.endsWith(tail));
      assert.equal(tail.split('\n').length - 1, Math.min(count, wholeLines.length));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('are read from the end without reading the rest', async () => {
    const file = path.join(directory, 'big.log');
    writeFileSync(file, logLine(1, 'y'.repeat(100)).repeat(50_000));
    const handle = await open(file);
    let bytes = 0;
    const counting = {
      read: async (buffer: Buffer, offset: number, length: number, position: number) => {
        const result = await handle.read(buffer, offset, length, position);
        bytes += result.bytesRead;
        return result;
      },
    } as unknown as typeof handle;
    const { size } = await handle.stat();
    const offset = await tailOffset(counting, size, 10, () => true);
    await handle.close();
    assert.equal(size - offset, 10 * logLine(1, 'y'.repeat(100)).length);
    assert.ok(bytes <= 64 << 10);
  });

  it('hold no more than a line, however long it gets', () => {
    const format = new LogFormat(BASE, NOW);
    for (let count = 0; count < 40; count += 1) assert.equal(format.push(Buffer.alloc(100_000, 'z')).length, 0);
    assert.equal(String(format.push(Buffer.from(`\n${logLine(1, 'after')}`))), 'after\n');
  });

  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        parseLogLine(Buffer.from(bytes));
        new LogFormat({ ...BASE, timestamps: true }, NOW).push(Buffer.from(bytes));
      }),
    );
  });
});

describe('following a log', () => {
  async function running() {
    const runtime = new MemoryRuntime({ clock: systemClock, writeLogs: true, statusLagMilliseconds: 30 });
    runtime.images.add('busybox');
    const sandbox = sandboxConfig(directory);
    const sandboxId = await runtime.runSandbox(sandbox);
    const id = await runtime.createContainer(sandboxId, containerConfig('busybox', COMMANDS.sleep), sandbox);
    await runtime.startContainer(id);
    const { logPath } = await runtime.containerStatus(id);
    const server = new StreamServer({
      runtime,
      pods: {
        container: () => Promise.resolve({ id, logPath, running: true, isFrozen: false }),
        sandboxId: () => Promise.resolve(undefined),
        podOf: () => undefined,
        holds: () => false,
      },
      usage: new UsageMeter({ runtime, pods: { podOf: () => undefined }, clock: systemClock }),
      dialing: NO_DIALING,
      clock: systemClock,
      log: silentLog,
    });
    return { runtime, id, logPath, server, end: new FakeStreamEnd() };
  }

  it('sends what is written, until the container has ended and all was read', async () => {
    const { runtime, id, server, end } = await running();
    runtime.log(id, 'stdout', 'before');
    const served = server.serve({ ...BASE, follow: true }, end);
    await end.until(CHANNEL.stdout, 'before');
    runtime.log(id, 'stderr', 'during');
    await end.until(CHANNEL.stdout, 'during');
    runtime.exit(id, 0);
    runtime.log(id, 'stdout', 'last words');
    await served;
    assert.equal(end.text(CHANNEL.stdout), 'before\nduring\nlast words\n');
    assert.equal(end.status.status, 'Success');
  });

  it('goes through rotations without losing or repeating a line', async () => {
    const { runtime, id, logPath, server, end } = await running();
    const served = server.serve({ ...BASE, follow: true }, end);
    const expected = ['begin'];
    runtime.log(id, 'stdout', 'begin');
    await end.until(CHANNEL.stdout, 'begin');
    for (let round = 0; round < 5; round += 1) {
      runtime.log(id, 'stdout', `a${round}`);
      renameSync(logPath, `${logPath}.${round}`);
      appendFileSync(`${logPath}.${round}`, logLine(1, `b${round}`));
      await runtime.reopenLog(id);
      runtime.log(id, 'stdout', `c${round}`);
      expected.push(`a${round}`, `b${round}`, `c${round}`);
      await end.until(CHANNEL.stdout, `c${round}`);
    }
    runtime.exit(id, 0);
    await served;
    assert.deepEqual(end.text(CHANNEL.stdout).trim().split('\n'), expected);
  });

  it('stops when nobody listens any more', async () => {
    const { runtime, id, server, end } = await running();
    const served = server.serve({ ...BASE, follow: true }, end);
    runtime.log(id, 'stdout', 'x');
    await end.until(CHANNEL.stdout, 'x');
    end.abort();
    await served;
  });

  it('ends at once for a container that has ended', async () => {
    const { runtime, id, server, end } = await running();
    runtime.log(id, 'stdout', 'x');
    runtime.exit(id, 1);
    await server.serve({ ...BASE, follow: true }, end);
    assert.equal(end.text(CHANNEL.stdout), 'x\n');
  });

  it('says what is missing', async () => {
    const { runtime, end } = await running();
    const pods = {
      container: () => Promise.resolve(undefined),
      sandboxId: () => Promise.resolve(undefined),
      podOf: () => undefined,
      holds: () => false,
    };
    const usage = new UsageMeter({ runtime, pods, clock: systemClock });
    const server = new StreamServer({ runtime, pods, usage, dialing: NO_DIALING, clock: systemClock, log: silentLog });
    await server.serve({ ...BASE, previous: true }, end);
    assert.equal(end.status.message, 'previous terminated container "main" in pod "web" not found');
    assert.equal(end.status.code, 400);
    const other = new FakeStreamEnd();
    await server.serve({ kind: 'portforward', namespace: 'default', pod: 'web', uid: '', port: 80 }, other);
    assert.equal(other.status.code, 404);
  });
});

describe('log rotation', () => {
  it('rotates what is too large, tells the runtime and keeps so many files', async () => {
    const clock = new FakeClock();
    const logPath = path.join(directory, '0.log');
    const reopened: string[] = [];
    const rotator = new LogRotator({
      containers: () => [{ id: 'c1', logPath }],
      reopenLog: (id) => {
        reopened.push(id);
        writeFileSync(logPath, '');
        return Promise.resolve();
      },
      maxSize: 100,
      maxFiles: 3,
      clock,
      log: silentLog,
    });
    writeFileSync(logPath, 'x'.repeat(99));
    await rotator.rotateAll();
    assert.deepEqual(reopened, []);
    for (let round = 0; round < 4; round += 1) {
      writeFileSync(logPath, String(round).repeat(100));
      clock.advance(10);
      await rotator.rotateAll();
    }
    assert.equal(reopened.length, 4);
    assert.deepEqual((await import('node:fs')).readdirSync(directory).toSorted(), [
      '0.log',
      '0.log.20260101-000000.030',
      '0.log.20260101-000000.040',
    ]);
  });

  it('gives the file its name back when the runtime can not reopen it', async () => {
    const logPath = path.join(directory, '0.log');
    writeFileSync(logPath, 'x'.repeat(100));
    const rotator = new LogRotator({
      containers: () => [{ id: 'c1', logPath }],
      reopenLog: () => Promise.reject(new Error('no')),
      maxSize: 100,
      clock: new FakeClock(),
      log: silentLog,
    });
    await rotator.rotateAll();
    assert.deepEqual((await import('node:fs')).readdirSync(directory), ['0.log']);
  });
});

describe('usage of a node', () => {
  it('compares two samples', async () => {
    const clock = new FakeClock();
    let cpu = 0;
    let containerId = 'c';
    const meter = new UsageMeter({
      runtime: {
        usage: () =>
          Promise.resolve([
            {
              containerId,
              sandboxId: 's',
              name: 'main',
              cpuNanoseconds: cpu * 1e9,
              memoryBytes: 5,
              timestamp: clock.date().getTime(),
            },
          ]),
      },
      pods: { podOf: () => ({ namespace: 'default', name: 'web' }) },
      readNode: () => Promise.resolve({ cpuSeconds: cpu * 2, memoryBytes: 9 }),
      clock,
    });
    const signal = new AbortController().signal;
    const first = meter.measure(signal);
    await new Promise((resolve) => setImmediate(resolve));
    cpu += 0.25;
    clock.advance(1000);
    const usage = await first;
    assert.deepEqual(usage.node, { cpu: 0.5, memory: 9 });
    assert.deepEqual(usage.pods, [
      { namespace: 'default', name: 'web', containers: [{ name: 'main', cpu: 0.25, memory: 5 }] },
    ]);
    clock.advance(10_000);
    cpu += 10;
    assert.equal((await meter.measure(signal)).pods[0]?.containers[0]?.cpu, 1);
    // What was started since then has used all of it since then.
    containerId = 'd';
    cpu = 2;
    clock.advance(10_000);
    assert.equal((await meter.measure(signal)).pods[0]?.containers[0]?.cpu, 0.2);
  });

  it('reads the counters of Linux', () => {
    const stat = 'cpu  100 20 30 4000 50 6 7 8 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n';
    const meminfo = 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n';
    assert.deepEqual(parseNodeCounters(stat, meminfo), { cpuSeconds: 1.71, memoryBytes: 600 * 1024 });
  });
});
