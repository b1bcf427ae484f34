/** Keeps a session with one of the servers: dials them in turn, and again whenever a session ends, for as long as it runs. */
import type { ClusterSettings } from '../state/port.ts';
import type { StateKeeper } from '../state/keeper.ts';
import type { DesiredStateStore } from '../state/store.ts';
import type { Reports } from './reports.ts';
import { Session } from './session.ts';
import type { TokenRequest } from '../../api/types/authentication.v1.ts';
import type { Node } from '../../api/types/core.v1.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { type AgentsClient, type Hello, PROTOCOL, type Welcome } from '../../lib/link/proto.ts';
import type { Log } from '../../lib/log.ts';

/** After a session that lived, the next is dialled at once; after one that did not, later and later up to this. */
const MAX_WAIT_MILLISECONDS = 1000;
const FIRST_WAIT_MILLISECONDS = 50;
const TOKEN_MILLISECONDS = 10_000;
/** A server that was to be gone to and can't be connected to by then is given up. */
const CONNECT_MILLISECONDS = 5000;

export interface LinkOptions {
  /** host:port of each server's agents' port, as known now. */
  servers(): readonly string[];
  /** A server has said which ones there are. */
  onServers(addresses: readonly string[]): void;
  /** Called at each dial: certificates are renewed while the agent runs. */
  clientOf(server: string): AgentsClient;
  nodeName: string;
  version: string;
  /** Differs between two starts. */
  instance: string;
  /** The node as the agent sees itself now. */
  describeNode(): Node;
  store: DesiredStateStore;
  keeper: StateKeeper;
  reports: Reports;
  /** Opens a stream of its own for what a server wants to see or run. */
  onStream(client: AgentsClient, id: string, wanted: Buffer): void;
  onWelcome(welcome: Welcome): void;
  onSettings(settings: ClusterSettings): void;
  /** Milliseconds since the machine started. */
  uptime(): number;
  /** A server has acknowledged what was sent at this time after the machine started. */
  onProof(sentAt: number): void;
  /** A server's full state has arrived. */
  onConnected(): void;
  /** 0 to 1, to spread the dials of many agents. */
  random(): number;
  clock: Clock;
  log: Log;
}

export class Link implements Component {
  readonly name = 'link';
  private readonly options: LinkOptions;
  private client: AgentsClient | undefined;
  private session: Session | undefined;
  private timer: Timer | undefined;
  private server: string | undefined;
  /** Where the agent was before it went to another server that has not told everything yet. */
  private former: string | undefined;
  /** To the server that it is about to go to. */
  private approached: AgentsClient | undefined;
  private failures = 0;
  private connected = false;
  private stopped = false;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /** Whether a server's full state has arrived in the present session. */
  get isConnected(): boolean {
    return this.connected;
  }

  start(): Promise<void> {
    this.dialNext();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    this.approached?.close();
    this.session?.report();
    this.session?.close();
    return Promise.resolve();
  }

  /** Asks the server of the present session. Rejects when there is none, or with its refusal. */
  async issueToken(namespace: string, account: string, request: TokenRequest): Promise<TokenRequest> {
    if (!this.session || !this.client) throw new Error('no server is connected');
    const wanted = { namespace, account, request: Buffer.from(JSON.stringify(request)) };
    const issued = await this.client.issueToken(wanted, TOKEN_MILLISECONDS);
    return JSON.parse(issued.request.toString()) as TokenRequest;
  }

  /** There may be something new to report. */
  flush(): void {
    this.session?.report();
  }

  private dialNext(): void {
    const server = this.nextServer();
    this.dial(server, this.options.clientOf(server));
  }

  private dial(server: string, client: AgentsClient): void {
    const { reports, store, clock } = this.options;
    const log = this.options.log.child({ server });
    this.server = server;
    this.client = client;
    reports.resend();
    this.session = new Session({
      client,
      hello: this.hello(),
      isOneOfSeveral: () => this.options.servers().length > 1,
      store,
      reports,
      clock,
      log,
      onWelcome: (welcome) => this.welcomed(welcome),
      onComplete: () => {
        this.connected = true;
        this.failures = 0;
        this.former = undefined;
        log.info({}, 'connected');
        this.options.onConnected();
      },
      onServers: (addresses) => this.options.onServers(addresses),
      onMove: (to) => void this.approach(to),
      onStream: (id, wanted) => this.options.onStream(client, id, wanted),
      uptime: () => this.options.uptime(),
      onProof: (sentAt) => this.options.onProof(sentAt),
      onEnd: (reason) => {
        log.warn({ reason }, 'the session with the server ended');
        this.ended();
      },
    });
  }

  /**
   * The present session goes on until the other server has let us connect, so that one that can't be reached from here
   * costs nothing. Hello is said only after it: a server that has heard it takes the node over, and may yet fail.
   */
  private async approach(server: string): Promise<void> {
    if (this.approached || server === this.server) return;
    const { session } = this;
    const client = this.options.clientOf(server);
    this.approached = client;
    const isReached = await client.connect(CONNECT_MILLISECONDS).then(
      () => true,
      (error: unknown) => {
        this.options.log.warn(
          { err: error, server },
          'the server this node had better go to can not be reached; staying',
        );
        return false;
      },
    );
    this.approached = undefined;
    if (isReached && session && session === this.session) this.changeOver(session, server, client);
    else client.close();
  }

  private changeOver(session: Session, server: string, client: AgentsClient): void {
    const former = this.server;
    session.close();
    this.timer?.cancel();
    this.former = former;
    this.dial(server, client);
  }

  /**
   * Back from where it was sent to in vain; else the first one by chance, so that the agents spread over the servers, and
   * then never the same twice if there are more.
   */
  private nextServer(): string {
    const { former } = this;
    this.former = undefined;
    if (former !== undefined) return former;
    const servers = this.options.servers();
    const last = this.server === undefined ? -1 : servers.indexOf(this.server);
    const next = this.server === undefined ? Math.floor(this.options.random() * servers.length) : last + 1;
    return servers[next % servers.length] ?? '';
  }

  private welcomed(welcome: Welcome): void {
    const { clusterDomain, clusterDns, clusterCidr, serviceCidr } = welcome;
    const settings = { clusterDomain, clusterDns, clusterCidr, serviceCidr };
    this.options.keeper.setSettings(settings);
    this.options.onSettings(settings);
    this.options.onWelcome(welcome);
  }

  private ended(): void {
    this.connected = false;
    this.session = undefined;
    this.client?.close();
    if (this.stopped) return;
    const longest = Math.min(MAX_WAIT_MILLISECONDS, FIRST_WAIT_MILLISECONDS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    this.timer = this.options.clock.after(longest * (0.5 + this.options.random() / 2), () => this.dialNext());
  }

  private hello(): Hello {
    const { nodeName, version, instance } = this.options;
    return {
      nodeName,
      version,
      protocol: PROTOCOL,
      instance,
      node: Buffer.from(JSON.stringify(this.options.describeNode())),
    };
  }
}
