/**
 * Guarded writes a second of 1.5 kB on a real etcd: grouped, as the store sends them, against one transaction a write.
 * Both in turns in one run. Prints one line of JSON.
 */
import { startEtcd, type TestEtcd } from '../support/etcd.ts';

const ROUNDS = 5;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2);
const VALUE = Buffer.alloc(1_500, 'x');

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (index: number): number => Number((sorted[index] ?? 0).toPrecision(4));
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}

/** Each of `concurrency` clients updates a key of its own, guarded by the revision of its last write. */
async function writesPerSecond(etcd: TestEtcd, concurrency: number, grouped: boolean, run: string): Promise<number> {
  const alone = { items: 1, full: 1, inFlight: concurrency };
  const store = etcd.connect(grouped ? {} : { batch: alone });
  const end = performance.now() + SECONDS * 1000;
  let done = 0;
  const client = async (id: number): Promise<void> => {
    for (let expected = 0; performance.now() < end; done++) {
      const result = await store.write({ key: `/bench/${run}/${id}`, expected, value: VALUE });
      if (!result.ok) throw new Error('a guarded write was refused');
      expected = result.revision;
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: concurrency }, (_, id) => client(id)));
  const rate = done / ((performance.now() - begun) / 1000);
  await store.stop();
  await etcd.store.compact(await etcd.store.revision());
  return rate;
}

async function compare(etcd: TestEtcd, concurrency: number): Promise<object> {
  const grouped: number[] = [];
  const single: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    grouped.push(await writesPerSecond(etcd, concurrency, true, `${concurrency}-${round}-grouped`));
    single.push(await writesPerSecond(etcd, concurrency, false, `${concurrency}-${round}-single`));
  }
  return {
    inFlight: concurrency,
    ratio: spreadOf(grouped.map((rate, round) => rate / (single[round] ?? Number.NaN))),
    grouped: spreadOf(grouped),
    single: spreadOf(single),
  };
}

const etcd = await startEtcd({ requestTimeout: 30_000 });
try {
  const parts = [await compare(etcd, 64), await compare(etcd, 512)];
  console.log(JSON.stringify({ bench: 'store', unit: 'guarded writes of 1.5 kB a second', rounds: ROUNDS, parts }));
} finally {
  await etcd.close();
}
