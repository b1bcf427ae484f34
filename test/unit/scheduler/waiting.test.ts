import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FilterPlugin } from '../../../control-plane/scheduler/framework.ts';
import { type PodInfo, podInfo } from '../../../control-plane/scheduler/pod-info.ts';
import { type ClusterEvent, Snapshot } from '../../../control-plane/scheduler/snapshot.ts';
import { WaitingPods } from '../../../control-plane/scheduler/waiting.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { makePod } from './world.ts';

const NODES = ['a', 'b', 'c'];
const EVENTS: ClusterEvent[] = ['node added', 'pod freed'];

function plugin(scope: FilterPlugin['scope'], ...helpedBy: ClusterEvent[]): FilterPlugin {
  return { name: scope, scope, helpedBy, prepare: () => undefined };
}

interface Entry {
  readonly info: PodInfo;
}

function entryOf(name: string, named?: readonly string[]): Entry {
  const info = podInfo(makePod(name));
  return { info: named ? { ...info, named, template: named.join() } : info };
}

describe('the pods that wait', () => {
  const plugins = [plugin('static', 'node added'), plugin('node', ...EVENTS), plugin('cluster', 'pod freed')];
  const event = fc.constantFrom(...EVENTS);
  let tried: Entry[] = [];
  beforeEach(() => {
    tried = [];
  });
  const waitingPods = (): WaitingPods<Entry> =>
    new WaitingPods({ snapshot: new Snapshot(), clock: new FakeClock(), onTry: (entry) => tried.push(entry) });
  const step = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('add' as const),
        named: fc.option(fc.subarray(NODES, { minLength: 1 }), { nil: undefined }),
        refusedBy: fc.subarray(plugins, { minLength: 1 }),
      }),
    },
    fc.record({ type: fc.constant('remove' as const), at: fc.nat(10) }),
    fc.record({
      type: fc.constant('event' as const),
      event,
      node: fc.option(fc.constantFrom(...NODES), { nil: undefined }),
    }),
  );

  it('are helped one after the other with all of their template, and only by what can help it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const waiting = waitingPods();
        let entries: Entry[] = [];
        let refusals = new Map<string, Set<FilterPlugin>>();
        const mayHelp = ({ info }: Entry, what: ClusterEvent, node: string | undefined): boolean =>
          [...(refusals.get(info.template) ?? [])].some(({ helpedBy, scope }) => {
            const isThere = scope === 'cluster' || node === undefined || !info.named || info.named.includes(node);
            return helpedBy.includes(what) && isThere;
          });
        for (const [index, action] of steps.entries()) {
          if (action.type === 'add') {
            const entry = entryOf(`p${index}`, action.named);
            const { template } = entry.info;
            entries.push(entry);
            refusals.set(template, new Set([...(refusals.get(template) ?? []), ...action.refusedBy]));
            waiting.add(entry, new Set(action.refusedBy));
          } else if (action.type === 'remove') {
            const entry = entries[action.at];
            if (!entry) continue;
            entries = entries.filter((each) => each !== entry);
            waiting.remove(entry);
          } else {
            const helped = entries.filter((each) => mayHelp(each, action.event, action.node));
            entries = entries.filter((each) => !helped.includes(each));
            waiting.happened(action.event, { node: action.node });
            assert.equal(tried.length, new Set(helped.map(({ info }) => info.template)).size, 'one for all');
            const found = new Set<Entry>();
            for (let entry = tried.pop(); entry; entry = tried.pop()) {
              found.add(entry);
              waiting.fitted(entry);
            }
            assert.deepEqual(found, new Set(helped));
          }
          assert.equal(waiting.size, entries.length);
          const left = new Set(entries.map(({ info }) => info.template));
          refusals = new Map([...refusals].filter(([template]) => left.has(template)));
        }
      }),
    );
  });

  it('for nodes of their own are not looked at for what happens on another', () => {
    let looks = 0;
    const counting: FilterPlugin = {
      ...plugin('node'),
      get helpedBy() {
        looks += 1;
        return EVENTS;
      },
    };
    const waiting = waitingPods();
    const entries = Array.from({ length: 100 }, (_, index) => entryOf(`p${index}`, [`n${index}`]));
    for (const entry of entries) waiting.add(entry, new Set([counting]));
    waiting.happened('pod freed', { node: 'n7' });
    assert.deepEqual(tried, [entries[7]]);
    assert.equal(looks, 1);
  });

  it('for claims of their own are not looked at for what happens to another', () => {
    let looks = 0;
    const waiting = waitingPods();
    const entries = Array.from({ length: 100 }, (_, index) => {
      const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: `c${index}` } }];
      const info = podInfo(makePod(`p${index}`, {}, { volumes }));
      const { claims } = info;
      Object.defineProperty(info, 'claims', { get: () => ((looks += 1), claims) });
      return { info };
    });
    for (const entry of entries) waiting.add(entry, new Set([plugin('cluster', 'claim changed')]));
    looks = 0;
    waiting.happened('claim changed', { claim: 'default/c7' });
    assert.deepEqual(tried, [entries[7]]);
    assert.ok(looks <= 1, `${looks} pods were looked at`);
    waiting.remove(entries[7]!);
    waiting.happened('claim changed', { claim: 'default/c7' });
    assert.equal(tried.length, 1);
  });
});
