import assert from 'node:assert/strict';
import { Broadcast } from '../../../control-plane/nodes/broadcast.ts';
import { Feed } from '../../../control-plane/nodes/feed.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { EncodedMessage, type ServerMessage } from '../../../lib/link/proto.ts';
import { asReceived } from './wire.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An agent that reads what it is sent, unless it is told to be slow. */
class Agent {
  readonly received: (ServerMessage | EncodedMessage)[] = [];
  readonly feed: Feed;
  isSlow = false;

  constructor(objects: ReadonlyMap<string, string>) {
    this.feed = new Feed({
      lookup: (_, key) => bytesOf(objects.get(key)),
      send: (message) => {
        this.received.push(message);
        return !this.isSlow;
      },
    });
  }

  /** What it was told, as it reads it off the wire. */
  get told(): string[] {
    return this.received
      .flatMap((message) => asReceived(message).changes?.changes ?? [])
      .map(({ key, object }) => `${key}=${object.toString()}`);
  }
}

function bytesOf(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text);
}

describe('what all agents are told', () => {
  let objects: Map<string, string>;
  let clock: FakeClock;
  let agents: Agent[];
  let broadcast: Broadcast;

  async function connect(count: number): Promise<void> {
    const joining = Array.from({ length: count }, () => new Agent(objects));
    agents.push(...joining);
    for (const { feed } of joining) feed.schedule();
    await turn();
    for (const { received } of joining) received.length = 0;
  }

  function change(key: string, value: string): void {
    objects.set(key, value);
    broadcast.touch('nodes', key);
  }

  beforeEach(() => {
    objects = new Map();
    clock = new FakeClock();
    agents = [];
    const lookup = (_: string, key: string): Buffer | undefined => bytesOf(objects.get(key));
    broadcast = new Broadcast({ feeds: () => agents.map(({ feed }) => feed), lookup, clock });
  });
  afterEach(() => broadcast.close());

  it('goes to all of them at once, in the same bytes', async () => {
    await connect(3);
    change('a', '1');
    change('b', '2');
    broadcast.touch('nodes', 'gone');
    await turn();
    for (const { told } of agents) assert.deepEqual(told, ['a=1', 'b=2', 'gone=']);
    const [first, ...others] = agents.map(({ received }) => received);
    assert.ok(first?.[0] instanceof EncodedMessage);
    for (const each of others) assert.equal(each[0], first[0]);
  });

  it('waits for a slow agent, and then is only the newest', async () => {
    await connect(2);
    const [slow, quick] = agents;
    assert.ok(slow && quick);
    slow.isSlow = true;
    for (let version = 1; version <= 100; version += 1) {
      change('a', String(version));
      clock.advance(1);
      await turn();
    }
    assert.equal(quick.told.length, 100);
    assert.deepEqual(slow.told, ['a=1']);
    slow.isSlow = false;
    slow.feed.resume();
    assert.deepEqual(slow.told, ['a=1', 'a=100']);
  });

  it('is part of the first state of an agent that is still to have that', async () => {
    agents.push(new Agent(objects));
    change('a', '1');
    await turn();
    await turn();
    assert.deepEqual(agents[0]?.told, ['a=1']);
  });

  it('comes before what may depend on it', async () => {
    await connect(2);
    change('a', '1');
    await turn();
    change('service', '2');
    const [agent] = agents;
    objects.set('pod', 'p');
    if (agent) broadcast.hurry(agent.feed);
    agent?.feed.touch('pods', 'pod');
    await turn();
    assert.deepEqual(agent?.told, ['a=1', 'service=2', 'pod=p']);
  });

  it('is few messages while many nodes join, and nothing is missed', async () => {
    const count = 400;
    for (let joined = 0; joined < count; joined += 1) {
      await connect(1);
      change(`node-${joined}`, 'there');
      clock.advance(5);
      await turn();
    }
    clock.advance(1000);
    await turn();
    const messages = agents.reduce((total, { received }) => total + received.length, 0);
    // Each of each would be 80,000.
    assert.ok(messages < 10_000, `${messages} messages`);
    assert.equal(new Set(agents[0]?.told).size, count);
  });
});
