/** An edge: the files that the agent itself keeps for a pod: its hosts file, its containers' last words, its log directories. */
import { chmod, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface PodFiles {
  /** Writes the pod's hosts file and returns where it is; undefined when containers see no files. */
  writeHosts(uid: string, text: string): Promise<string | undefined>;
  /** Makes an empty file for the last words of one container; undefined when containers see no files. */
  prepareLastWords(uid: string, container: string, attempt: number): Promise<string | undefined>;
  /** At most 4096 bytes, '' when there is nothing. */
  readLastWords(uid: string, container: string, attempt: number): Promise<string>;
  /** The end of a container's log, without its frame: at most 80 lines and 2048 bytes. */
  readLogTail(file: string): Promise<string>;
  makeLogDirectory(directory: string): Promise<void>;
  removePod(uid: string, logDirectory: string | undefined): Promise<void>;
  /** The pods of which something is left, by uid. */
  leftovers(): Promise<string[]>;
}

export const noFiles: PodFiles = {
  writeHosts: () => Promise.resolve(undefined),
  prepareLastWords: () => Promise.resolve(undefined),
  readLastWords: () => Promise.resolve(''),
  readLogTail: () => Promise.resolve(''),
  makeLogDirectory: () => Promise.resolve(),
  removePod: () => Promise.resolve(),
  leftovers: () => Promise.resolve([]),
};

const MAX_WORDS = 4096;
const MAX_TAIL_LINES = 80;
const MAX_TAIL_BYTES = 2048;
/** Of the file's end, so that 2048 bytes of text are in it whatever the frame of each line takes. */
const TAIL_WINDOW = 64 * 1024;

export class DiskFiles implements PodFiles {
  private readonly root: string;

  /** `root`: pods have their directories here, by uid. */
  constructor(options: { root: string }) {
    this.root = options.root;
  }

  async writeHosts(uid: string, text: string): Promise<string> {
    const file = path.join(this.root, uid, 'etc-hosts');
    await mkdir(path.dirname(file), { recursive: true });
    // In place: a mounted file that was replaced would not be seen.
    await writeFile(file, text, { mode: 0o644 });
    return file;
  }

  async prepareLastWords(uid: string, container: string, attempt: number): Promise<string> {
    const file = this.lastWords(uid, container, attempt);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, '');
    // Whoever the container runs as may write it.
    await chmod(file, 0o666);
    return file;
  }

  async readLastWords(uid: string, container: string, attempt: number): Promise<string> {
    const text = await readEnd(this.lastWords(uid, container, attempt), MAX_WORDS);
    return text ?? '';
  }

  async readLogTail(file: string): Promise<string> {
    const text = (await readEnd(file, TAIL_WINDOW)) ?? '';
    const lines = text.trimEnd().split('\n').slice(-MAX_TAIL_LINES);
    const words = lines.map((line) => line.replace(/^\S+ \S+ \S+ ?/, '')).join('\n');
    return Buffer.from(words).subarray(-MAX_TAIL_BYTES).toString();
  }

  async makeLogDirectory(directory: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o755 });
  }

  async removePod(uid: string, logDirectory: string | undefined): Promise<void> {
    await rm(path.join(this.root, uid), { recursive: true, force: true });
    if (logDirectory !== undefined) await rm(logDirectory, { recursive: true, force: true });
  }

  async leftovers(): Promise<string[]> {
    return (await readdir(this.root).catch(ignoreMissing)) ?? [];
  }

  private lastWords(uid: string, container: string, attempt: number): string {
    return path.join(this.root, uid, 'containers', container, `${attempt}.termination`);
  }
}

async function readEnd(file: string, bytes: number): Promise<string | undefined> {
  const handle = await open(file).catch(ignoreMissing);
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, bytes));
    await handle.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString();
  } finally {
    await handle.close();
  }
}

/** The node's own file of that name; '' when it has none. */
export async function readHostFile(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(ignoreMissing)) ?? '';
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
