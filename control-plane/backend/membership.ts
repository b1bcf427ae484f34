/**
 * This server's etcd among the others: it is promoted when it has caught up, it follows its own address, and the others'
 * addresses are kept on disk, for whom to ask when the own member is away.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import type { Log } from '../../lib/log.ts';
import type { EtcdCluster, StoreMember } from '../storage/etcd-cluster.ts';
import { EtcdRefusedError } from '../storage/etcd-cluster.ts';

const REFRESH_MILLISECONDS = 60_000;

export interface StoreMembershipOptions {
  /** Where the others' addresses are kept. */
  file: string;
  name: string;
  peerUrl: string;
  /** This server's own etcd, and that of the others. */
  own: EtcdCluster;
  others: EtcdCluster;
  clock: Clock;
  log: Log;
}

export class StoreMembership implements Component {
  readonly name = 'store membership';
  private readonly options: StoreMembershipOptions;
  private urls: string[] = [];
  private timer: Timer | undefined;

  constructor(options: StoreMembershipOptions) {
    this.options = options;
  }

  /** Client URLs of the other members, as last known. */
  get otherUrls(): readonly string[] {
    return this.urls;
  }

  /** What an earlier run knew, until `start`. */
  async load(): Promise<void> {
    const text = await readIfPresent(this.options.file);
    if (text !== undefined) this.urls = JSON.parse(text) as string[];
  }

  async learn(members: readonly { name: string; peerUrl: string; clientUrls: readonly string[] }[]): Promise<void> {
    const { file, peerUrl } = this.options;
    const urls = members.filter((member) => member.peerUrl !== peerUrl).flatMap(({ clientUrls }) => clientUrls);
    if (urls.join() === this.urls.join()) return;
    this.urls = urls;
    await writePrivate(file, JSON.stringify(urls));
  }

  /** Called when the own member answers. */
  async start(): Promise<void> {
    const own = (await this.options.own.list()).find(({ name }) => name === this.options.name);
    const { peerUrl } = this.options;
    if (own && own.peerUrls.join() !== peerUrl) await this.options.own.setPeerUrl(own.id, peerUrl);
    await this.refresh();
    this.schedule();
  }

  stop(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    return Promise.resolve();
  }

  /**
   * Resolves when the own member answers a linearizable read. A learner answers none: then the others are asked to make
   * it a full member, which they do when it has caught up.
   */
  async probe(): Promise<void> {
    try {
      await this.options.own.read();
    } catch (error) {
      if (error instanceof EtcdRefusedError && error.message.includes('learner')) await this.askForPromotion();
      throw error;
    }
  }

  private async askForPromotion(): Promise<void> {
    const { others, peerUrl, log } = this.options;
    const self = (await others.list()).find(({ peerUrls }) => peerUrls.includes(peerUrl));
    if (!self?.isLearner) return;
    await others.promote(self.id);
    log.info({}, 'this server’s etcd is a full member now');
  }

  private async refresh(): Promise<void> {
    const members = await this.options.own.list();
    await this.learn(members.map(summaryOf));
  }

  private schedule(): void {
    this.timer = this.options.clock.after(REFRESH_MILLISECONDS, () => {
      void this.refresh()
        .catch((error: unknown) =>
          this.options.log.info({ err: error }, 'the members of the store can not be listed now'),
        )
        .finally(() => {
          if (this.timer) this.schedule();
        });
    });
  }
}

function summaryOf({ name, peerUrls, clientUrls }: StoreMember): {
  name: string;
  peerUrl: string;
  clientUrls: readonly string[];
} {
  return { name, peerUrl: peerUrls[0] ?? '', clientUrls };
}
