/**
 * An edge: a directory that is held open. What lies in it is reached through the open directory and never through a path
 * that others could lead elsewhere meanwhile; a link is never followed.
 */
import type { Stats } from 'node:fs';
import { constants, type FileHandle, lstat, open, opendir, readFile } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Linux' flag for a file that is only named, not opened for anything; Node has no name for it. */
const O_PATH = 0o10000000;

export class HeldDirectory {
  private readonly handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.handle = handle;
  }

  /** Rejects with ENOTDIR (or ELOOP) for what is no directory, a link to one included. */
  static async open(place: string | Buffer): Promise<HeldDirectory> {
    return new HeldDirectory(await open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** The directory itself, as a path for this process. */
  get path(): string {
    return `/proc/self/fd/${this.handle.fd}`;
  }

  /** Where something in it is, as a path for this process. */
  place(name: string | Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.path}/`), Buffer.from(name)]);
  }

  enter(name: string | Buffer): Promise<HeldDirectory> {
    return HeldDirectory.open(this.place(name));
  }

  /** Of what has the name, be it a link. */
  look(name: string | Buffer): Promise<Stats> {
    return lstat(this.place(name));
  }

  /** Opens what has the name without doing anything to it, and closes it after `work`; its path leads to it and no link. */
  async naming(name: string | Buffer, work: (path: string, found: Stats) => Promise<void>): Promise<void> {
    const named = await open(this.place(name), O_PATH | O_NOFOLLOW);
    try {
      await work(`/proc/self/fd/${named.fd}`, await named.stat());
    } finally {
      await named.close();
    }
  }

  stat(): Promise<Stats> {
    return this.handle.stat();
  }

  /** The mount that it is a part of: differs also between two mounts of one file system. */
  async mount(): Promise<string> {
    const facts = await readFile(`/proc/self/fdinfo/${this.handle.fd}`, 'utf8');
    const id = /^mnt_id:\s*(\d+)$/m.exec(facts)?.[1];
    if (id === undefined) throw new Error('the kernel does not tell the mount of an open directory');
    return id;
  }

  /** All names in it, as they are read. Names are bytes: they need not be text. */
  async *names(): AsyncGenerator<Buffer> {
    // Node's types know no encoding but text here.
    const entries = await opendir(this.path, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
    for await (const { name } of entries) yield name as unknown as Buffer;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
