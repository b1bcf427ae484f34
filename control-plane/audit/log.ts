/** An edge: the audit log as a file of JSON lines, put aside when it has grown, or standard output. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import path from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { AuditEvent } from './trail.ts';

const DAY = 24 * 60 * 60 * 1000;

export interface AuditLogOptions {
  /** `-` is standard output. */
  readonly file: string;
  /** A file this large, in bytes, is put aside. */
  readonly maxBytes: number;
  /** How many of those are kept; 0 for all. */
  readonly maxBackups: number;
  /** Days for which they are kept; 0 for ever. */
  readonly maxDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class AuditLog implements Component {
  readonly name = 'audit log';
  private readonly options: AuditLogOptions;
  private stream: WriteStream | undefined;
  private bytes = 0;
  /** One after the other, so that no line is cut by a change of files. */
  private order: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    if (this.options.file === '-') return;
    await mkdir(path.dirname(this.options.file), { recursive: true, mode: 0o700 });
    await this.open();
  }

  async stop(): Promise<void> {
    await this.order;
    await this.close();
  }

  /** Resolves when the log has taken it: requests wait for that, so that the log never lags without bound. */
  write(event: AuditEvent): Promise<void> {
    const line = `${JSON.stringify(event)}\n`;
    this.order = this.order
      .then(() => this.append(line))
      .catch((error: unknown) => this.options.log.error({ err: error }, 'the audit log can not be written'));
    return this.order;
  }

  private async append(line: string): Promise<void> {
    const size = Buffer.byteLength(line);
    if (this.stream && this.bytes > 0 && this.bytes + size > this.options.maxBytes) await this.rotate();
    const sink = this.stream ?? process.stdout;
    this.bytes += size;
    if (!sink.write(line)) await once(sink, 'drain');
  }

  private async open(): Promise<void> {
    const { file, log } = this.options;
    const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
    stream.on('error', (error) => log.error({ err: error }, 'the audit log can not be written'));
    await once(stream, 'open');
    this.bytes = (await stat(file)).size;
    this.stream = stream;
  }

  private async close(): Promise<void> {
    const { stream } = this;
    this.stream = undefined;
    if (!stream) return;
    stream.end();
    await once(stream, 'close');
  }

  private async rotate(): Promise<void> {
    const { file, clock } = this.options;
    await this.close();
    const { dir, name, ext } = path.parse(file);
    const moment = clock.date().toISOString().replaceAll(':', '-');
    await rename(file, path.join(dir, `${name}-${moment}${ext}`));
    await this.open();
    await this.removeOld(dir, name, ext);
  }

  private async removeOld(directory: string, name: string, extension: string): Promise<void> {
    const { maxBackups, maxDays, clock } = this.options;
    const isBackup = (entry: string): boolean => entry.startsWith(`${name}-2`) && entry.endsWith(extension);
    const backups = (await readdir(directory)).filter(isBackup).toSorted().toReversed();
    for (const [at, backup] of backups.entries()) {
      const file = path.join(directory, backup);
      const isOld = maxDays > 0 && (await stat(file)).mtimeMs < clock.date().getTime() - maxDays * DAY;
      if (isOld || (maxBackups > 0 && at >= maxBackups)) await rm(file, { force: true });
    }
  }
}
