/**
 * Removes the directories of volumes that the control plane wants removed, one after the other, and tells when nothing is
 * left of one. Nothing else of the volumes is ever removed here: what nobody asks to remove is somebody's data.
 */
import path from 'node:path';
import type { VolumeRemoval } from '../../api/node-volumes.ts';
import { KeyedBackoff } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { KeyQueue } from '../../lib/queue.ts';
import type { View } from '../../lib/view.ts';
import type { Reporter } from '../state/port.ts';
import { checkedHandle } from './claimed.ts';
import { leftAside, removeDirectory, removeLeftovers } from './removal.ts';

const BACKOFF = { initial: 1000, max: 5 * 60_000, factor: 2 };

export interface ReclaimerOptions {
  /** The directories of volumes that are provisioned, by handle, which is the volume's name. */
  readonly directory: string;
  readonly removals: View<VolumeRemoval>;
  /** The pods here, by uid, that have what is at the path. */
  usersOf(place: string): Promise<string[]>;
  /** Its directory is gone; called before {@link onRemoved}, and again if that is not reached. */
  forget(handle: string): Promise<void>;
  /** Nothing is left of the volume. */
  onRemoved(name: string, uid: string): void;
  readonly reporter: Pick<Reporter, 'event'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Reclaimer implements Component {
  readonly name = 'volume removal';
  private readonly options: ReclaimerOptions;
  private readonly queue: KeyQueue;
  private readonly backoff = new KeyedBackoff(BACKOFF);
  private readonly stopping = new AbortController();
  private unsubscribe: () => void = () => undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(options: ReclaimerOptions) {
    this.options = options;
    this.queue = new KeyQueue({ clock: options.clock });
  }

  /** Goes on with what was begun before a restart, too. */
  async start(): Promise<void> {
    const { directory, removals } = this.options;
    this.unsubscribe = removals.subscribe(({ type, key }) => {
      if (type !== 'deleted') this.queue.add(key);
    });
    for (const { name } of removals.list()) this.queue.add(name);
    for (const name of await leftAside(directory)) this.queue.add(name);
    this.working = this.work();
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    this.stopping.abort();
    this.queue.close();
    await this.working;
  }

  private async work(): Promise<void> {
    for (let name = await this.queue.take(); name !== undefined; name = await this.queue.take()) {
      await this.attempt(name);
      this.queue.done(name);
    }
  }

  private async attempt(name: string): Promise<void> {
    const removal = this.options.removals.get(name);
    try {
      await this.remove(name, removal);
      this.backoff.forget(name);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.failed(name, removal, error as Error);
    }
  }

  /** Without a removal only what was renamed aside is left to do: a directory of the name may be another volume's. */
  private async remove(name: string, removal: VolumeRemoval | undefined): Promise<void> {
    const { directory, log } = this.options;
    const handle = checkedHandle(name);
    if (!removal) {
      await removeLeftovers(directory, handle, this.stopping.signal);
      return;
    }
    const users = await this.options.usersOf(path.join(directory, handle));
    if (users.length > 0) throw new Error(`the volume is still used on this node by the pods ${users.join(', ')}`);
    await removeDirectory(directory, handle, this.stopping.signal);
    await this.options.forget(handle);
    log.info({ volume: name }, 'a volume was removed');
    this.options.onRemoved(name, removal.uid);
  }

  private failed(name: string, removal: VolumeRemoval | undefined, error: Error): void {
    const { reporter, log } = this.options;
    log.warn({ err: error, volume: name }, 'a volume could not be removed; trying again');
    if (removal) {
      const about = { kind: 'PersistentVolume', namespace: '', name, uid: removal.uid };
      reporter.event(about, 'Warning', 'VolumeFailedDelete', error.message);
    }
    this.queue.addAfter(name, this.backoff.next(name));
  }
}
