/** Who the agent is: a key and a certificate of the cluster's authority, got with a join token once and renewed since. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeyPair, validityOf } from '../../lib/certificates.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import { type Membership, joinCluster, renewMembership } from '../../lib/join.ts';
import type { Log } from '../../lib/log.ts';

/** A certificate is renewed when less than this share of its life is left. */
const RENEW_SHARE = 1 / 3;
const CHECK_MILLISECONDS = 10 * 60 * 1000;
/** Servers beyond this many are forgotten, those first that have not worked for the longest time. */
const MAX_SERVERS = 9;

export interface IdentityOptions {
  directory: string;
  nodeName: string;
  /** The web side of each server. */
  servers: readonly string[];
  /** Read only when there is no certificate yet. Throws an Error that says where it was looked for. */
  token(): Promise<string>;
  clock: Clock;
  log: Log;
}

interface Stored {
  authority: string;
  client: KeyPair;
  /** `host:port` of each server's port for agents: those that work first, then those that did. */
  agentServers: string[];
}

export class Identity implements Component {
  readonly name = 'identity';
  private readonly options: IdentityOptions;
  private stored: Stored | undefined;
  private saving: Promise<void> = Promise.resolve();
  private timer: Timer | undefined;

  constructor(options: IdentityOptions) {
    this.options = options;
  }

  get credentials(): { ca: string; cert: string; key: string } {
    const { authority, client } = this.need();
    return { ca: authority, cert: client.certificate, key: client.key };
  }

  get agentServers(): readonly string[] {
    return this.need().agentServers;
  }

  /** These work now. Others stay known: they may be back when these are gone. */
  async learnServers(addresses: readonly string[]): Promise<void> {
    const known = this.need();
    const agentServers = [...new Set([...addresses, ...known.agentServers])].slice(0, MAX_SERVERS);
    if (agentServers.join() === known.agentServers.join()) return;
    this.stored = { ...known, agentServers };
    await this.save();
  }

  /** Resolves when the agent is a member; rejects when it is none and no server makes it one. */
  async start(): Promise<void> {
    await mkdir(this.options.directory, { recursive: true, mode: 0o700 });
    const text = await readIfPresent(this.file);
    this.stored = text === undefined ? undefined : (JSON.parse(text) as Stored);
    if (!this.stored || this.lifeLeft(this.stored) <= 0) await this.join();
    this.schedule(0);
  }

  stop(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    return Promise.resolve();
  }

  private async join(): Promise<void> {
    const { nodeName } = this.options;
    const token = await this.options.token();
    await this.keep(await this.firstOf((server) => joinCluster({ server, token: token.trim(), nodeName })));
    this.options.log.info({ nodeName }, 'joined the cluster');
  }

  private async renewIfDue(): Promise<void> {
    const stored = this.need();
    if (this.lifeLeft(stored) > RENEW_SHARE) return;
    const { nodeName } = this.options;
    const { authority, client: current } = stored;
    await this.keep(await this.firstOf((server) => renewMembership({ server, nodeName, authority, current })));
    this.options.log.info({ nodeName }, 'renewed the certificate');
  }

  /** The answer of the first server that gives one; the last one's error when none does. */
  private async firstOf(ask: (server: string) => Promise<Membership>): Promise<Membership> {
    let failure: unknown = new Error('no server is given');
    for (const server of this.options.servers) {
      try {
        return await ask(server);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private async keep({ authority, client, settings }: Membership): Promise<void> {
    const { agentServers } = settings;
    if (!Array.isArray(agentServers) || !agentServers.every((each) => typeof each === 'string')) {
      throw new Error('the server did not say where its port for agents is');
    }
    this.stored = { authority, client, agentServers };
    await this.save();
  }

  /** One write after the other: the last one holds what is known last. */
  private save(): Promise<void> {
    const saved = this.saving.then(() => writePrivate(this.file, JSON.stringify(this.stored)));
    // Whoever asked for it is told of a failure; the next one starts all the same.
    this.saving = saved.catch(() => undefined);
    return saved;
  }

  /** A member needs no server to start: it renews in the background. */
  private schedule(milliseconds = CHECK_MILLISECONDS): void {
    this.timer = this.options.clock.after(milliseconds, () => {
      void this.renewIfDue()
        .catch((error: unknown) => this.options.log.error({ err: error }, 'the certificate could not be renewed'))
        .finally(() => {
          if (this.timer) this.schedule();
        });
    });
  }

  /** As a share of its whole life. */
  private lifeLeft({ client }: Stored): number {
    const { notBefore, notAfter } = validityOf(client.certificate);
    const now = this.options.clock.date().getTime();
    return (notAfter.getTime() - now) / (notAfter.getTime() - notBefore.getTime());
  }

  private need(): Stored {
    if (!this.stored) throw new Error('the agent is not a member yet');
    return this.stored;
  }

  private get file(): string {
    return join(this.options.directory, 'identity.json');
  }
}
