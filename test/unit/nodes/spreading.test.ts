import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ServerLoad, Spreading, whereTo } from '../../../control-plane/nodes/spreading.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

/** Lets every server do its step in turn until nobody wants to move any more. Returns how many moves it took. */
function settle(nodes: number[]): number {
  for (let moves = 0, quiet = 0; ; quiet += 1) {
    if (quiet === nodes.length) return moves;
    const own = (moves + quiet) % nodes.length;
    const order = [own, ...[...nodes.keys()].filter((at) => at !== own)];
    const to = whereTo(order.map((at) => ({ address: String(at), nodes: nodes[at] ?? 0 })));
    if (to === undefined) continue;
    nodes[own] = (nodes[own] ?? 0) - 1;
    nodes[Number(to)] = (nodes[Number(to)] ?? 0) + 1;
    moves += 1;
    quiet = -1;
  }
}

describe('the spreading of nodes over servers', () => {
  it('comes to an end where no server has many more than another, with no more moves than that takes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { minLength: 2, maxLength: 5 }), (nodes) => {
        const total = nodes.reduce((sum, each) => sum + each, 0);
        const moves = settle(nodes);
        assert.ok(moves <= total, `${moves} moves`);
        const most = Math.max(...nodes);
        assert.ok(most - Math.min(...nodes) <= Math.max(1, most * 0.1), nodes.join());
      }),
    );
  });

  it('leaves alone who is alone', () => {
    assert.equal(whereTo([{ address: 'a', nodes: 1000 }]), undefined);
  });

  it('begins when servers have been the same for a while, and has one node on its way at a time', async () => {
    const { clock, cluster, spreading } = await harness([5, 0]);
    clock.advance(29_000);
    cluster.changed();
    clock.advance(29_000);
    assert.deepEqual(cluster.sent, []);
    clock.advance(1000);
    assert.deepEqual(cluster.sent, ['n0']);
    clock.advance(9000);
    assert.deepEqual(cluster.sent, ['n0']);
    cluster.arrive('n0');
    clock.advance(1000);
    assert.deepEqual(cluster.sent, ['n0', 'n1']);
    await spreading.stop();
    cluster.arrive('n1');
    clock.advance(60_000);
    assert.equal(cluster.count(), 2);
  });

  it('sends no more than are too many, one a second', async () => {
    const { clock, cluster } = await harness([100, 0]);
    cluster.onMove = (node) => void clock.after(250, () => cluster.arrive(node));
    clock.advance(30_000 + 48_000);
    assert.equal(cluster.count(), 48);
    clock.advance(3_600_000);
    assert.deepEqual(
      cluster.loads().map(({ nodes }) => nodes),
      [52, 48],
    );
  });

  it('looks no more while there is one server, and again when another comes', async () => {
    const { clock, cluster } = await harness([5]);
    clock.advance(3_600_000);
    assert.ok(cluster.looks < 5);
    cluster.changed();
    clock.advance(30_000);
    assert.ok(cluster.looks < 10);
  });

  it('asks agents less and less often to go to a server that they can not reach', async () => {
    const { clock, cluster } = await harness([20, 0]);
    clock.advance(30_000 + 16_000);
    assert.equal(cluster.count(), 1);
    clock.advance(61_000 + 16_000);
    assert.equal(cluster.count(), 2);
    clock.advance(86_400_000);
    // After 1, 2, 4 … 32 minutes, and then once an hour.
    assert.ok(cluster.count() >= 26 && cluster.count() <= 31, `${cluster.count()} a day`);
  });

  it('takes a node that comes back for one that could not stay, at once and later', async () => {
    for (const isThereFirst of [false, true]) {
      const { clock, cluster, spreading } = await harness([20, 0]);
      cluster.onMove = (node) => {
        if (isThereFirst) clock.after(500, () => cluster.arrive(node));
        clock.after(1500, () => {
          cluster.comeBack(node);
          spreading.arrived(node);
        });
      };
      clock.advance(30_000 + 86_400_000);
      assert.ok(cluster.count() <= 62, `${cluster.count()} moves in a day`);
      assert.ok(cluster.count() >= 20, `${cluster.count()} moves in a day`);
    }
  });

  it('leaves a node alone for ten minutes after it was sent away', async () => {
    const { clock, cluster } = await harness([3, 0]);
    const asked = new Map<string, number[]>();
    cluster.onMove = (node) => asked.set(node, [...(asked.get(node) ?? []), clock.now()]);
    clock.advance(6 * 3_600_000);
    assert.equal(asked.size, 3);
    for (const times of asked.values()) {
      assert.ok(times.length > 1);
      times.reduce((before, at) => {
        assert.ok(at - before >= 600_000, `${at - before} ms`);
        return at;
      });
    }
  });

  it('sends the others when it is but one agent that can not reach the server', async () => {
    const { clock, cluster } = await harness([20, 0]);
    cluster.onMove = (node) => node !== 'n0' && cluster.arrive(node);
    clock.advance(30_000 + 15_000 + 60_000 + 12_000);
    assert.equal(cluster.sent.filter((node) => node === 'n0').length, 1);
    assert.equal(cluster.own().length, 10);
  });

  it('counts it once when a server that dies sends back all it was given', async () => {
    const { clock, cluster, spreading } = await harness([60, 0]);
    cluster.onMove = (node) => cluster.arrive(node);
    clock.advance(30_000 + 40_000);
    const given = [...cluster.sent];
    assert.equal(given.length, 29);
    for (const node of given) {
      cluster.comeBack(node);
      spreading.arrived(node);
    }
    clock.advance(62_000);
    assert.ok(cluster.count() > given.length);
  });

  it('goes on with a third server while one can not be reached', async () => {
    const { clock, cluster } = await harness([20, 0, 4]);
    cluster.onMove = (node, to) => to === 's2' && cluster.arrive(node);
    clock.advance(30_000 + 59_000);
    assert.deepEqual(
      cluster.loads().map(({ nodes }) => nodes),
      [12, 0, 12],
    );
  });

  it('begins anew with a server that a node has stayed with', async () => {
    const { clock, cluster, spreading } = await harness([20, 0]);
    clock.advance(30_000 + 3_600_000);
    const before = cluster.count();
    cluster.onMove = (node) => cluster.arrive(node);
    clock.advance(2 * 3_600_000);
    assert.ok(cluster.count() > before + 8);
    cluster.onMove = () => undefined;
    for (const node of cluster.sent.slice(-4)) cluster.comeBack(node);
    const settled = cluster.count();
    clock.advance(15_000 + 61_000 + 1000);
    assert.equal(cluster.count(), settled + 2);
    await spreading.stop();
  });
});

/** Servers s0, which spreads, s1 …; which of them has each node is what their agents do in the tests. */
class Cluster {
  readonly sent: string[] = [];
  changed = (): void => undefined;
  onMove: (node: string, to: string) => unknown = () => undefined;
  private readonly holders = new Map<string, string>();
  private readonly targets = new Map<string, string>();
  private readonly servers: readonly string[];

  constructor(nodes: readonly number[]) {
    this.servers = nodes.map((_, index) => `s${index}`);
    for (const [index, count] of nodes.entries()) {
      for (let each = 0; each < count; each++) this.holders.set(`n${this.holders.size}`, `s${index}`);
    }
  }

  /** How many moves there were. */
  count(): number {
    return this.sent.length;
  }

  loads(): ServerLoad[] {
    this.looks += 1;
    const holders = [...this.holders.values()];
    return this.servers.map((address) => ({ address, nodes: holders.filter((each) => each === address).length }));
  }

  holderOf(node: string): string | undefined {
    const holder = this.holders.get(node);
    return holder === 's0' ? undefined : holder;
  }

  looks = 0;

  own(): string[] {
    return [...this.holders].filter(([, holder]) => holder === 's0').map(([node]) => node);
  }

  move(node: string, to: string): void {
    this.sent.push(node);
    this.targets.set(node, to);
    this.onMove(node, to);
  }

  /** Where it was sent. */
  arrive(node: string): void {
    this.holders.set(node, this.targets.get(node) ?? 's0');
  }

  comeBack(node: string): void {
    this.holders.set(node, 's0');
  }
}

async function harness(
  nodes: readonly number[],
): Promise<{ clock: FakeClock; cluster: Cluster; spreading: Spreading }> {
  const clock = new FakeClock();
  const cluster = new Cluster(nodes);
  const spreading = new Spreading({
    loads: () => cluster.loads(),
    onServers: (listener) => {
      cluster.changed = listener;
      return () => undefined;
    },
    spared: () => cluster.own(),
    move: (node, to) => cluster.move(node, to),
    holderOf: (node) => cluster.holderOf(node),
    clock,
    log: silentLog,
  });
  await spreading.start();
  return { clock, cluster, spreading };
}
