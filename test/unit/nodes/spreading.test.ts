import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ServerLoad, Spreading, whereTo } from '../../../control-plane/nodes/spreading.ts';
import { FakeClock } from '../../../lib/clock.ts';

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

  it('begins when servers have been the same for a while, and moves one node at a time', async () => {
    const clock = new FakeClock();
    const moved: string[] = [];
    let changed = (): void => undefined;
    const loads: ServerLoad[] = [
      { address: 'a', nodes: 5 },
      { address: 'b', nodes: 0 },
    ];
    const spreading = new Spreading({
      loads: () => loads,
      onServers: (listener) => {
        changed = listener;
        return () => undefined;
      },
      move: (to) => moved.push(to),
      clock,
    });
    await spreading.start();
    clock.advance(29_000);
    changed();
    clock.advance(29_000);
    assert.deepEqual(moved, []);
    clock.advance(1000);
    assert.deepEqual(moved, ['b']);
    clock.advance(1000);
    assert.deepEqual(moved, ['b', 'b']);
    await spreading.stop();
    clock.advance(60_000);
    assert.equal(moved.length, 2);
  });
});
