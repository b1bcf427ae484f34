/** Keeps what the store encrypts in step with its file: made at the first start, read again when it changes. */
import { join } from 'node:path';
import { kinds } from '../../api/kinds.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import type { Log } from '../../lib/log.ts';
import { storagePrefix } from '../registry/keys.ts';
import type { Store } from '../storage/port.ts';
import { reseal } from '../storage/sealed/reseal.ts';
import { Sealing } from '../storage/sealed/sealing.ts';
import { SealedStore } from '../storage/sealed/store.ts';
import { newEncryptionConfig, parseEncryptionConfig } from './encryption-config.ts';

/** In the data directory, when no other file is named. */
export const ENCRYPTION_FILE = 'encryption.yaml';
const LOOK_MILLISECONDS = 10_000;

export interface EncryptionOptions {
  readonly dataDir: string;
  /** undefined: the one in the data directory, which is made when it is missing. */
  readonly file: string | undefined;
  /** As it is stored. */
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export class Encryption implements Component {
  readonly name = 'encryption';
  /** The store as the rest of the server sees it. */
  readonly store: Store;
  private readonly options: EncryptionOptions;
  private readonly sealing = new Sealing([]);
  private readonly stopping = new AbortController();
  private text = '';
  private timer: Timer | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(options: EncryptionOptions) {
    this.options = options;
    this.store = new SealedStore({ store: options.store, sealing: this.sealing, log: options.log });
  }

  /** Rejects when the file is named and missing, or is wrong. */
  async start(): Promise<void> {
    const { file, dataDir } = this.options;
    this.take((await readIfPresent(this.path)) ?? (await this.make(file, dataDir)));
    this.schedule();
  }

  async stop(): Promise<void> {
    this.timer?.cancel();
    this.stopping.abort();
    await this.working;
  }

  private get path(): string {
    return this.options.file ?? join(this.options.dataDir, ENCRYPTION_FILE);
  }

  private async make(file: string | undefined, dataDir: string): Promise<string> {
    if (file !== undefined) throw new Error(`--encryption-provider-config: there is no ${file}`);
    const text = newEncryptionConfig();
    await writePrivate(join(dataDir, ENCRYPTION_FILE), text);
    return text;
  }

  /** What is stored follows in the background: it can be read all the while. */
  private take(text: string): void {
    try {
      this.sealing.replace(parseEncryptionConfig(text));
    } catch (error) {
      throw new Error(`${this.path}: ${(error as Error).message}`, { cause: error });
    }
    this.text = text;
    const { store, log } = this.options;
    const expiring = [storagePrefix(kinds.events)];
    this.working = this.working
      .then(() => reseal({ store, sealing: this.sealing, expiring, log, signal: this.stopping.signal }))
      .then(
        () => undefined,
        (error: unknown) => {
          if (this.stopping.signal.aborted) return;
          log.warn({ err: error }, 'stored values could not all be sealed anew; the next start tries again');
        },
      );
  }

  private schedule(): void {
    this.timer = this.options.clock.after(LOOK_MILLISECONDS, () => {
      this.look()
        .catch((error: unknown) => this.options.log.error({ err: error }, 'the encryption file is not taken over'))
        .finally(() => {
          if (!this.stopping.signal.aborted) this.schedule();
        });
    });
  }

  private async look(): Promise<void> {
    const text = await readIfPresent(this.path);
    if (text === undefined || text === this.text || this.stopping.signal.aborted) return;
    this.take(text);
    this.options.log.info({ file: this.path }, 'took over the changed encryption file');
  }
}
