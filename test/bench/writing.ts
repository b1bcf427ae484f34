/** A program that writes given bytes, in so many pieces, over TLS and does nothing else, for benches that compare with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { processorMilliseconds } from './measure.ts';
import { Connection } from '../../lib/client/connection.ts';
import { systemClock } from '../../lib/clock.ts';

export interface Writing {
  /** Has the bytes written so often, one time after the other. Of its processor time, what one took. */
  processorMilliseconds(count: number): Promise<number>;
  stop(): Promise<void>;
}

export async function writingOf(bytes: Buffer, pieces: number): Promise<Writing> {
  const directory = await mkdtemp(join(tmpdir(), 'dure-bench-bytes-'));
  const file = join(directory, 'bytes');
  await writeFile(file, bytes);
  const program = join(import.meta.dirname, 'stored-bytes.ts');
  const child = spawn(process.execPath, [program, file, String(pieces)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value: port = '' } = await lines.next();
  const access = { server: `https://127.0.0.1:${port}`, insecureSkipVerify: true };
  const connection = new Connection({ access, clock: systemClock });
  return {
    async processorMilliseconds(count) {
      await drain(connection);
      const before = processorMilliseconds(child.pid ?? 0);
      for (let number = 0; number < count; number += 1) await drain(connection);
      return (processorMilliseconds(child.pid ?? 0) - before) / count;
    },
    async stop() {
      connection.close();
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function drain(connection: Connection): Promise<void> {
  const { body } = await connection.request({ method: 'GET', path: '/' });
  body.resume();
  await once(body, 'end');
}

async function end(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, 'exit');
}
