import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Node } from '../../../api/types/core.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import type { AgentMessage, AgentsClient, ServerMessage, Welcome } from '../../../lib/link/proto.ts';
import { silentLog } from '../../../lib/log.ts';
import { EventLog } from '../../../node-agent/link/events.ts';
import { Link } from '../../../node-agent/link/link.ts';
import { Reports } from '../../../node-agent/link/reports.ts';
import { StateFile } from '../../../node-agent/state/file.ts';
import { StateKeeper } from '../../../node-agent/state/keeper.ts';
import { DesiredStateStore } from '../../../node-agent/state/store.ts';

const WELCOME: Welcome = {
  heartbeatMilliseconds: 1000,
  timeoutMilliseconds: 2000,
  clusterDomain: 'cluster.local',
  clusterDns: '10.0.0.10',
  clusterCidr: '10.1.0.0/16',
  serviceCidr: '10.0.0.0/16',
  leaseMilliseconds: 2400,
};

/** A connection to a server; the test is the server. */
class Client extends EventEmitter {
  readonly server: string;
  readonly connecting = Promise.withResolvers<void>();
  readonly sent: AgentMessage[] = [];
  isClosed = false;
  isCancelled = false;

  constructor(server: string) {
    super();
    this.server = server;
  }

  connect(): Promise<void> {
    return this.connecting.promise;
  }

  session(): this {
    return this;
  }

  write(message: AgentMessage): boolean {
    this.sent.push(message);
    return true;
  }

  end(): void {}

  cancel(): void {
    this.isCancelled = true;
  }

  close(): void {
    this.isClosed = true;
  }

  tell(message: Partial<ServerMessage>): void {
    this.emit('data', message);
  }

  /** As a server that admits the agent. */
  admit(): void {
    this.tell({ welcome: WELCOME });
    this.tell({ changes: { changes: [], complete: true } });
  }
}

describe('the link to the servers', () => {
  /** Connected to server a; b is the next one, and c the one to go to. */
  async function connected(): Promise<{ clock: FakeClock; link: Link; clients: Client[]; present: Client }> {
    const clock = new FakeClock();
    const clients: Client[] = [];
    const store = new DesiredStateStore();
    const events = new EventLog({ component: 'dure-agent', host: 'node-1', clock });
    const link = new Link({
      servers: () => ['a', 'b', 'c'],
      onServers: () => undefined,
      clientOf: (server) => {
        const client = new Client(server);
        clients.push(client);
        return client as unknown as AgentsClient;
      },
      nodeName: 'node-1',
      version: 'v1',
      instance: 'i',
      describeNode: () => ({ metadata: { name: 'node-1' }, spec: {} }) as Node,
      store,
      // Never started: it writes nothing.
      keeper: new StateKeeper({ store, file: new StateFile('/nowhere'), clock, log: silentLog }),
      reports: new Reports({ events, onNews: () => link.flush() }),
      onStream: () => undefined,
      onSettings: () => undefined,
      onWelcome: () => undefined,
      uptime: () => clock.now(),
      onProof: () => undefined,
      onConnected: () => undefined,
      random: () => 0,
      clock,
      log: silentLog,
    });
    await link.start();
    const [present] = clients;
    assert.ok(present);
    present.admit();
    assert.ok(link.isConnected);
    return { clock, link, clients, present };
  }

  const serversOf = (clients: Client[]): string[] => clients.map(({ server }) => server);

  it('keeps its session until the server that it is to go to can be reached', async () => {
    const { link, clients, present } = await connected();
    present.tell({ move: { address: 'c' } });
    const [, target] = clients;
    assert.equal(target?.server, 'c');
    await setImmediate();
    assert.ok(link.isConnected && !present.isCancelled);
    assert.equal(target.sent.length, 0);
    target.connecting.resolve();
    await setImmediate();
    assert.ok(present.isCancelled && present.isClosed);
    assert.equal(target.sent[0]?.hello?.nodeName, 'node-1');
    target.admit();
    assert.ok(link.isConnected);
    assert.deepEqual(serversOf(clients), ['a', 'c']);
    await link.stop();
  });

  it('stays where it is when the other server can not be reached', async () => {
    const { clock, link, clients, present } = await connected();
    present.tell({ move: { address: 'c' } });
    present.tell({ move: { address: 'b' } });
    assert.deepEqual(serversOf(clients), ['a', 'c'], 'one at a time');
    clients[1]?.connecting.reject(new Error('no route'));
    await setImmediate();
    assert.ok(clients[1]?.isClosed);
    assert.ok(link.isConnected && !present.isCancelled);
    clock.advance(1000);
    assert.equal(present.sent.filter(({ heartbeat }) => heartbeat).length, 3);
    present.tell({ move: { address: 'b' } });
    assert.deepEqual(serversOf(clients), ['a', 'c', 'b'], 'it may be asked again');
    await link.stop();
    assert.ok(clients[2]?.isClosed);
  });

  it('goes back before it tries a third server when the one it was sent to does not welcome it', async () => {
    const { clock, link, clients, present } = await connected();
    present.tell({ move: { address: 'c' } });
    clients[1]?.connecting.resolve();
    await setImmediate();
    clients[1]?.emit('error', new Error('not admitted'));
    clock.advance(100);
    assert.deepEqual(serversOf(clients), ['a', 'c', 'a']);
    clients[2]?.admit();
    clients[2]?.emit('error', new Error('gone'));
    clock.advance(100);
    assert.deepEqual(serversOf(clients), ['a', 'c', 'a', 'b'], 'and then in turn');
    await link.stop();
  });

  it('goes nowhere any more once it is stopped', async () => {
    const { link, clients, present } = await connected();
    present.tell({ move: { address: 'c' } });
    clients[1]?.connecting.resolve();
    await link.stop();
    await setImmediate();
    assert.deepEqual(serversOf(clients), ['a', 'c']);
    assert.ok(clients[1]?.isClosed);
    assert.deepEqual(clients[1].sent, []);
  });

  it('does not go when its session has ended meanwhile', async () => {
    const { clock, link, clients, present } = await connected();
    present.tell({ move: { address: 'c' } });
    present.emit('error', new Error('gone'));
    clock.advance(100);
    assert.deepEqual(serversOf(clients), ['a', 'c', 'b']);
    clients[1]?.connecting.resolve();
    await setImmediate();
    assert.ok(clients[1]?.isClosed);
    assert.deepEqual(clients[1].sent, []);
    assert.equal(clients[2]?.isCancelled, false);
    await link.stop();
  });
});
