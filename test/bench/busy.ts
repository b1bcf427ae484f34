/** Both cores of every host busy with its own pods for a minute: nobody is to be taken for lost. Prints one line of JSON. */
import { Drill } from '../support/drill.ts';
import { keepBusy } from '../support/busy.ts';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 60);

const drill = await Drill.start();
try {
  await drill.graceOver();
  const run = await keepBusy(drill, SECONDS);
  console.log(JSON.stringify({ bench: 'busy', target: { lostNodes: [], replacedPods: 0 }, ...run }));
} finally {
  await drill.stop();
}
