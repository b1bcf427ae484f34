/** Reads a log from an offset to its end and, on request, on and on: through rotations, woken by the file system. */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';

const CHUNK = 64 << 10;

export interface FollowOptions {
  /** Resolves when nothing more will be written. */
  ended: Promise<void>;
  signal: AbortSignal;
}

export class LogFile {
  private readonly path: string;
  private handle: FileHandle;
  private position = 0;

  private constructor(filePath: string, handle: FileHandle) {
    this.path = filePath;
    this.handle = handle;
  }

  /** Rejects with ENOENT when there is no such file. */
  static async open(filePath: string): Promise<LogFile> {
    return new LogFile(filePath, await open(filePath));
  }

  get file(): FileHandle {
    return this.handle;
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  seek(position: number): void {
    this.position = position;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  /** What there is now. The buffer is used again for the next piece. */
  async *readToEnd(): AsyncGenerator<Buffer> {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await this.handle.read(buffer, 0, CHUNK, this.position);
      if (bytesRead === 0) return;
      this.position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** What there is and what comes, until the signal is aborted or `ended` has resolved and all was read. */
  async *follow({ ended, signal }: FollowOptions): AsyncGenerator<Buffer> {
    const bell = new Bell();
    let isLast = false;
    const ring = (): void => bell.ring();
    // The directory is watched, not the file: a rotation replaces the file.
    const watcher: FSWatcher = watch(path.dirname(this.path), (_event, name) => {
      if (name === null || name === path.basename(this.path)) bell.ring();
    });
    watcher.on('error', ring);
    signal.addEventListener('abort', ring);
    void ended.then(() => {
      isLast = true;
      bell.ring();
    });
    try {
      while (!signal.aborted) {
        const wasLast = isLast;
        yield* this.readToEnd();
        if (await this.switchToNewFile()) continue;
        if (wasLast) return;
        await bell.wait();
      }
    } finally {
      watcher.close();
      signal.removeEventListener('abort', ring);
    }
  }

  /** After a rotation its writer has moved on to the new file, so the old one, read to its end, is done with. */
  private async switchToNewFile(): Promise<boolean> {
    const next = await stat(this.path).catch(missing);
    const now = await this.handle.stat();
    if (!next) return false;
    if (next.ino === now.ino) {
      // Cut short in place, which is not our way but some people's.
      if (next.size < this.position) this.position = 0;
      return false;
    }
    if (now.size > this.position) return true;
    const replaced = this.handle;
    this.handle = await open(this.path);
    this.position = 0;
    await replaced.close();
    return true;
  }
}

/** Between two files of a rotation there is none for a moment. */
function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

/** Rung by events, waited for by a loop; rings between two waits are not lost, and count once. */
class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  async wait(): Promise<void> {
    if (!this.rung) await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
    this.rung = false;
  }
}
