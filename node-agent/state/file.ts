/**
 * The last known state on disk: a header with a checksum, then one JSON line an object. Written whole to a new file that
 * then takes the old one's name, so a crash leaves the old or the new state, never a mixture.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ResourceName, type StateEntry, isResourceName } from './store.ts';
import type { ClusterSettings } from './port.ts';

const FORMAT = 'dure-state/1';

export interface SavedState {
  settings: ClusterSettings;
  entries: StateEntry[];
}

export class CorruptStateError extends Error {
  override readonly name = 'CorruptStateError';
}

export class StateFile {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** undefined when there is none yet. Throws {@link CorruptStateError} when it is not what was written. */
  async load(): Promise<SavedState | undefined> {
    const bytes = await this.read();
    return bytes === undefined ? undefined : parse(bytes);
  }

  async save(settings: ClusterSettings, entries: Iterable<StateEntry>): Promise<void> {
    const lines = [JSON.stringify(settings)];
    for (const { resource, key, bytes } of entries) {
      lines.push(`${JSON.stringify([resource, key])}\t${bytes.toString()}`);
    }
    const body = `${lines.join('\n')}\n`;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    // It holds secrets: nobody but root may read it.
    const file = await open(`${this.path}.new`, 'w', 0o600);
    try {
      await file.writeFile(`${FORMAT} ${checksum(body)}\n${body}`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.path}.new`, this.path);
  }

  /** Puts a file that can't be read aside, for people to look at. Returns its new name. */
  async setAside(): Promise<string> {
    const aside = `${this.path}.corrupt`;
    await rename(this.path, aside);
    return aside;
  }

  private async read(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function parse(text: string): SavedState {
  const end = text.indexOf('\n');
  const [format, sum] = text.slice(0, Math.max(end, 0)).split(' ');
  const body = text.slice(end + 1);
  if (format !== FORMAT)
    throw new CorruptStateError(`not a state file of this version: it begins with "${format?.slice(0, 40)}"`);
  if (sum !== checksum(body)) throw new CorruptStateError('its checksum does not fit its content');
  const [settings, ...lines] = body.split('\n').slice(0, -1);
  return { settings: JSON.parse(settings ?? '') as ClusterSettings, entries: lines.map(parseLine) };
}

function parseLine(line: string): StateEntry {
  const tab = line.indexOf('\t');
  const [resource, key] = JSON.parse(line.slice(0, tab)) as [ResourceName, string];
  if (!isResourceName(resource)) throw new CorruptStateError(`unknown resource "${String(resource)}"`);
  return { resource, key, bytes: Buffer.from(line.slice(tab + 1)) };
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
