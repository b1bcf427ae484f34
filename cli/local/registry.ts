/** Debian's docker-registry on an address that the hosts of a local cluster reach. It outlives the program that starts it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, signal, startDetached, type ProcessIdentity } from '../../lib/process.ts';

export interface RegistryPlace {
  /** Where it listens. */
  host: string;
  port: number;
  /** Images, configuration and log. */
  directory: string;
}

const PROGRAM = 'docker-registry';
const READY_MILLISECONDS = 15_000;
const PROBE_MILLISECONDS = 50;

export class Registry {
  private readonly place: RegistryPlace;

  constructor(place: RegistryPlace) {
    this.place = place;
  }

  get url(): string {
    return `http://${this.place.host}:${this.place.port}`;
  }

  /** Starts it unless it runs, and resolves when it answers. */
  async start(): Promise<void> {
    if (this.recorded()) return this.untilReady();
    const { directory } = this.place;
    mkdirSync(directory, { recursive: true });
    const file = join(directory, 'config.json');
    // JSON is YAML, which is what the registry reads.
    writeFileSync(file, JSON.stringify(registryConfig(this.place)));
    const identity = await startDetached(PROGRAM, ['serve', file], this.logFile);
    writeFileSync(this.processFile, JSON.stringify(identity));
    await this.untilReady();
  }

  async stop(): Promise<void> {
    const identity = this.recorded();
    if (!identity) return;
    signal(identity, 'SIGTERM');
    await this.until(() => Promise.resolve(!isAlive(identity)), 'did not end');
  }

  private async untilReady(): Promise<void> {
    await this.until(async () => {
      if (!this.recorded()) throw new Error(`${PROGRAM} ended: see ${this.logFile}`);
      return answers(`${this.url}/v2/`);
    }, 'does not answer');
  }

  private async until(condition: () => Promise<boolean>, complaint: string): Promise<void> {
    const deadline = Date.now() + READY_MILLISECONDS;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`the registry at ${this.url} ${complaint}; see ${this.logFile}`);
      await new Promise((resolve) => setTimeout(resolve, PROBE_MILLISECONDS));
    }
  }

  /** The process, if it lives. */
  private recorded(): ProcessIdentity | undefined {
    if (!existsSync(this.processFile)) return undefined;
    const identity = JSON.parse(readFileSync(this.processFile, 'utf8')) as ProcessIdentity;
    return isAlive(identity) ? identity : undefined;
  }

  private get processFile(): string {
    return join(this.place.directory, 'process.json');
  }

  private get logFile(): string {
    return join(this.place.directory, 'registry.log');
  }
}

export function registryConfig(place: RegistryPlace): object {
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(place.directory, 'data') }, delete: { enabled: true } },
    http: { addr: `${place.host}:${place.port}` },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(READY_MILLISECONDS) })).ok;
  } catch {
    // Not listening yet: asked again until the deadline.
    return false;
  }
}
