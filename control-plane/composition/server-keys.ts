/** What servers tell each other through the store: where each is, and which nodes' agents are connected to it. */
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { MapView, type View } from '../../lib/view.ts';
import { hostPort } from '../addresses.ts';
import type { ApiServer } from '../controllers/bootstrap/bootstrap.ts';
import type { NodeSession } from '../controllers/node-lifecycle/node-lifecycle.ts';
import { SESSIONS, sessionKey } from '../controllers/node-lifecycle/session-key.ts';
import type { SessionKeys as NodeSessionKeys } from '../nodes/sessions.ts';
import type { ServerLoad } from '../nodes/spreading.ts';
import type { KeyEntry, KeyWatch, SessionKeys } from '../storage/coordination.ts';

const SERVERS = '/dure/servers/';

export interface ServerKeysOptions {
  sessionKeys: SessionKeys;
  /** This server's name and address. */
  server: string;
  address: string;
  /** The port for agents, on all servers. */
  agentPort: number;
  /** Sessions of agents may have begun and ended without this server having seen it. */
  onMissed(): void;
  log: Log;
}

export class ServerKeys implements Component, NodeSessionKeys {
  readonly name = 'server keys';
  readonly sessions: View<NodeSession>;
  readonly servers: View<ApiServer & { readonly name: string }>;
  private readonly options: ServerKeysOptions;
  private readonly watches: KeyWatch[] = [];
  private order: Promise<void> = Promise.resolve();

  constructor(options: ServerKeysOptions) {
    this.options = options;
    this.sessions = this.follow(
      SESSIONS,
      ({ key, value }) => ({ node: key, server: value }),
      () => options.onMissed(),
    );
    this.servers = this.follow(SERVERS, ({ key, value }) => ({ name: key, address: value }));
  }

  async start(): Promise<void> {
    const { sessionKeys, server, address } = this.options;
    await sessionKeys.put(SERVERS + server, address);
  }

  /**
   * The server is gone at once for the others; the sessions it held last until its lease ends. Their agents heard from it
   * until now, and must have time to find another server before anybody counts from the end of their sessions.
   */
  async stop(): Promise<void> {
    for (const watch of this.watches) watch.close();
    const { sessionKeys, server } = this.options;
    await this.inOrder(() => sessionKeys.delete(SERVERS + server)).catch(() => {
      // Told already; the key goes with the lease.
    });
  }

  /** Whether the store certainly says now that the node's session is here: a node is told so as long as it is. */
  holds(node: string): boolean {
    return this.options.sessionKeys.holds(sessionKey(node));
  }

  put(node: string): Promise<void> {
    return this.inOrder(() => this.options.sessionKeys.put(sessionKey(node), this.options.server));
  }

  delete(node: string): Promise<void> {
    return this.inOrder(() => this.options.sessionKeys.delete(sessionKey(node)));
  }

  /** Whether a server of that name works now. */
  isLive(server: string): boolean {
    return this.servers.get(server) !== undefined;
  }

  /** Where agents dial each server that works now; this one first. */
  agentServers(): string[] {
    const { address, agentPort } = this.options;
    const others = [...this.servers.list()].map((server) => server.address).filter((other) => other !== address);
    return [address, ...others].map((each) => hostPort(each, agentPort));
  }

  /** How many nodes each server that works now has; this one first. */
  loads(): ServerLoad[] {
    const { server: own, address, agentPort } = this.options;
    const nodes = new Map<string, number>();
    for (const { server } of this.sessions.list()) nodes.set(server, (nodes.get(server) ?? 0) + 1);
    const others = [...this.servers.list()].filter((server) => server.name !== own);
    return [{ name: own, address }, ...others].map((server) => ({
      address: hostPort(server.address, agentPort),
      nodes: nodes.get(server.name) ?? 0,
    }));
  }

  /** Calls `listener` when a server comes or goes. Returns what ends it. */
  onServers(listener: () => void): () => void {
    return this.servers.subscribe(listener);
  }

  /** Where agents dial the other server that holds the session of the node; undefined when none does, or this one. */
  holderOf(node: string): string | undefined {
    const holder = this.sessions.get(node)?.server;
    if (holder === undefined || holder === this.options.server) return undefined;
    const address = this.servers.get(holder)?.address;
    return address === undefined ? undefined : hostPort(address, this.options.agentPort);
  }

  /** A key that is put right after it was deleted must be there in the end. */
  private inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.order.then(step);
    this.order = done.catch((error: unknown) => {
      this.options.log.warn({ err: error }, 'a session could not be told to the other servers yet');
    });
    return done;
  }

  private follow<T>(prefix: string, map: (entry: KeyEntry) => T, onRelisted?: () => void): View<T> {
    const watch = this.options.sessionKeys.watch(prefix, onRelisted);
    this.watches.push(watch);
    const view = new MapView<T>();
    watch.view.subscribe(({ type, key, object }) => {
      if (type === 'deleted') view.delete(key);
      else view.set(key, map(object));
    });
    void watch.view.whenSynced().then(() => {
      for (const entry of watch.view.list()) view.set(entry.key, map(entry));
      view.markSynced();
    });
    return view;
  }
}
