/** Keeps the copy on disk up to date: soon after a change, never more than one write at a time, once more at the end. */
import { CorruptStateError, type StateFile } from './file.ts';
import type { ClusterSettings } from './port.ts';
import { RESOURCES, type DesiredStateStore } from './store.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';

/** Changes that come within this time are written together. */
const SETTLE_MILLISECONDS = 200;

export interface StateKeeperOptions {
  store: DesiredStateStore;
  file: StateFile;
  clock: Clock;
  log: Log;
}

export class StateKeeper implements Component {
  readonly name = 'state';
  private readonly options: StateKeeperOptions;
  private settings: ClusterSettings | undefined;
  private unsubscribe: (() => void)[] = [];
  private timer: Timer | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(options: StateKeeperOptions) {
    this.options = options;
  }

  /** What the last welcome said, or undefined when this agent has never been welcomed. */
  get knownSettings(): ClusterSettings | undefined {
    return this.settings;
  }

  setSettings(settings: ClusterSettings): void {
    this.settings = settings;
    this.changed();
  }

  /** Loads the copy into the store. One that is damaged is put aside and reported: the servers have it all. */
  async start(): Promise<void> {
    await this.load();
    const { store } = this.options;
    this.unsubscribe = RESOURCES.map((name) => store[name].subscribe(() => this.changed()));
  }

  async stop(): Promise<void> {
    for (const end of this.unsubscribe) end();
    this.timer?.cancel();
    if (this.timer) this.write();
    await this.writing;
  }

  private async load(): Promise<void> {
    const { store, file, log } = this.options;
    try {
      const saved = await file.load();
      if (!saved) return;
      this.settings = saved.settings;
      store.beginFull();
      for (const { resource, key, bytes } of saved.entries) store.set(resource, key, bytes);
      store.completeFull();
    } catch (error) {
      if (!(error instanceof CorruptStateError) && !(error instanceof SyntaxError)) throw error;
      const aside = await file.setAside();
      log.error(
        { err: error, aside },
        'the last known state is damaged; it was put aside, a server must be reached first',
      );
    }
  }

  private changed(): void {
    this.timer ??= this.options.clock.after(SETTLE_MILLISECONDS, () => this.write());
  }

  private write(): void {
    this.timer = undefined;
    const { store, file, log } = this.options;
    this.writing = this.writing.then(async () => {
      // Before the first complete state there is nothing that should replace what is on disk.
      if (!this.settings || !store.pods.synced) return;
      try {
        await file.save(this.settings, store.entries());
      } catch (error) {
        log.error({ err: error }, 'the desired state could not be written to disk; trying again at the next change');
      }
    });
  }
}
