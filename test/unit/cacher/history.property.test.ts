import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { json, PREFIX, settle, started, Watcher, type Item } from './fixture.ts';

const KEYS = ['a/1', 'a/2', 'b/1', 'b/2'];

type Step =
  | { do: 'write'; puts: { key: string; color: string }[]; deletes: string[] }
  | { do: 'watch'; back: number; red: boolean; namespace: string | undefined }
  | { do: 'watch from nothing'; red: boolean; namespace: string | undefined }
  | { do: 'settle' };

const view = { red: fc.boolean(), namespace: fc.constantFrom(undefined, 'a', 'b') };
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      puts: fc.uniqueArray(fc.record({ key: fc.constantFrom(...KEYS), color: fc.constantFrom('red', 'blue') }), {
        selector: ({ key }) => key,
        maxLength: 3,
      }),
      deletes: fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), back: fc.nat({ max: 6 }), ...view }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch from nothing' as const), ...view }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
);

/** One that holds all, and one so small that what came before has to be read from the store. */
const windows = fc.constantFrom({}, { maxCount: 2, minCount: 0 });

/** Until those have what they asked for who read the past from the store, a step at a time. */
async function caughtUp(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle();
}

const isRed = (object: Item): boolean => object.metadata.labels?.['color'] === 'red';

/** What a client holds that began with `state` and then applied the events. */
function follow(state: Map<string, string>, watcher: Watcher): Map<string, string> {
  for (const { type, entry } of watcher.events) {
    if (type === 'DELETED') state.delete(entry.key);
    else state.set(entry.key, entry.object.metadata.resourceVersion ?? '');
  }
  return state;
}

async function commit(store: MemoryStore, step: Step & { do: 'write' }): Promise<void> {
  const { entries } = await store.list(PREFIX);
  const held = new Map(entries.map((entry) => [entry.key.slice(PREFIX.length), entry.revision]));
  const puts = step.puts.map(({ key, color }) => ({ key, value: json(key, 'v', color) }));
  const deletes = step.deletes
    .filter((key) => held.has(key) && !puts.some((put) => put.key === key))
    .map((key) => ({ key, value: null }));
  await Promise.all(
    [...puts, ...deletes].map(({ key, value }) =>
      store.write({ key: PREFIX + key, expected: held.get(key) ?? 0, value }),
    ),
  );
}

describe('watches of the cache', () => {
  it('bring every client to the same state, from whatever revision and in whatever interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 30 }), windows, async (script, bounds) => {
        const { store, cache } = await started({ bounds });
        const past: { revision: number; state: Map<string, { version: string; object: Item }> }[] = [];
        const snapshot = (): void => {
          const state = new Map(
            cache
              .list(undefined)
              .map(({ key, object }) => [key, { version: object.metadata.resourceVersion ?? '', object }]),
          );
          past.push({ revision: cache.revision, state });
        };
        const clients: { watcher: Watcher; state: Map<string, string>; red: boolean; namespace: string | undefined }[] =
          [];
        const sees = (key: string, object: Item, red: boolean, namespace: string | undefined): boolean =>
          (!red || isRed(object)) && (namespace === undefined || key.startsWith(`${namespace}/`));
        snapshot();
        for (const step of script) {
          if (step.do === 'write') {
            await commit(store, step);
            await cache.whenFresh();
            snapshot();
          } else if (step.do === 'settle') await settle();
          else {
            const { red, namespace } = step;
            const matches = (object: Item): boolean => !red || isRed(object);
            const from = step.do === 'watch' ? past.at(-1 - Math.min(step.back, past.length - 1)) : undefined;
            const state = new Map(
              [...(from?.state ?? [])]
                .filter(([key, { object }]) => sees(key, object, red, namespace))
                .map(([key, { version }]) => [key, version]),
            );
            clients.push({
              watcher: new Watcher(cache, { after: from?.revision, matches, namespace }),
              state,
              red,
              namespace,
            });
          }
        }
        await cache.whenFresh();
        await caughtUp();
        for (const { watcher, state, red, namespace } of clients) {
          const expected = new Map(
            cache
              .list(undefined)
              .filter(({ key, object }) => sees(key, object, red, namespace))
              .map(({ key, revision }) => [key, String(revision)]),
          );
          const revisions = watcher.events.map(({ entry }) => entry.revision);
          const isReplayOfState = watcher.events.findIndex(({ type }) => type !== 'ADDED');
          assert.deepEqual(follow(state, watcher), expected);
          assert.equal(watcher.ended, undefined);
          if (isReplayOfState < 0) continue;
          const rest = revisions.slice(isReplayOfState);
          assert.deepEqual(
            rest,
            rest.toSorted((a, b) => a - b),
            'events came out of order',
          );
        }
        await cache.stop();
      }),
      { numRuns: 150 },
    );
  });

  it('give a watcher exactly the history after its revision, once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        windows,
        async (keys, start, bounds) => {
          const { store, cache } = await started({ bounds });
          const base = cache.revision;
          const history: string[] = [];
          const run = async (key: string): Promise<void> => {
            const current = await store.get(PREFIX + key);
            const value = current && history.length % 3 === 0 ? null : json(key, String(history.length));
            const result = await store.write({ key: PREFIX + key, expected: current?.revision ?? 0, value });
            assert.ok(result.ok);
            history.push(`${value === null ? 'DELETED' : current ? 'MODIFIED' : 'ADDED'} ${key} ${result.revision}`);
          };
          const from = start % keys.length;
          let watcher: Watcher | undefined;
          for (const [i, key] of keys.entries()) {
            if (i === from) watcher = new Watcher(cache, { after: base + Math.floor(from / 2) });
            await run(key);
          }
          await cache.whenFresh();
          await caughtUp();
          assert.deepEqual(
            watcher?.events.map(({ type, entry }) => `${type} ${entry.key} ${entry.revision}`),
            history.slice(Math.floor(from / 2)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});
