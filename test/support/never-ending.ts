/** No test of its own: what `test/integration/run/interrupt.test.ts` has run and interrupts. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_VARIABLE } from './clean-up.ts';
import { ServerHost } from './server-process.ts';
import { run } from '../../lib/process.ts';

it('never ends', async function () {
  this.timeout(0);
  const host = await ServerHost.make();
  const disk = join(host.dataDir, 'disk');
  mkdirSync(disk);
  await run('mount', ['-t', 'tmpfs', 'tmpfs', disk]);
  await host.run('--data-dir', disk).ready();
  console.log(`started ${process.env[RUN_VARIABLE]} ${host.address} ${disk}`);
  await new Promise<never>(() => setInterval(() => undefined, 60_000));
});
