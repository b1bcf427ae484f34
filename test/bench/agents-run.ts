/**
 * Simulated agents for the agents bench: `agents-run.ts SERVER TOKEN_FILE FIRST COUNT`. Each joins with a certificate of
 * its own. Says `ready` when all have been started; ends with its standard input.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedAgent } from './simulated-agent.ts';
import { systemClock } from '../../lib/clock.ts';
import { joinCluster } from '../../lib/join.ts';
import { createLog } from '../../lib/log.ts';
import { machineFacts } from '../../node-agent/node/describe.ts';

/** So many join at a time: each is a key pair and a certificate to be made. */
const PARALLEL = 8;

async function run(server: string, tokenFile: string, first: number, count: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'dure-agents-'));
  const machine = await machineFacts(directory);
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const log = createLog('error');
  const agents: SimulatedAgent[] = [];
  let next = first;
  const startAgents = async (): Promise<void> => {
    while (next < first + count) {
      const name = `sim-${next}`;
      next += 1;
      const { authority, client, settings } = await joinCluster({ server, token, nodeName: name });
      const agent = new SimulatedAgent({
        name,
        agentServers: settings['agentServers'] as string[],
        credentials: { ca: authority, cert: client.certificate, key: client.key },
        machine,
        directory,
        clock: systemClock,
        log,
      });
      await agent.start();
      agents.push(agent);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, startAgents));
  console.log('ready');
  process.stdin.resume().once('end', () => {
    void Promise.all(agents.map((agent) => agent.stop()))
      .then(() => rm(directory, { recursive: true, force: true }))
      .then(() => process.exit());
  });
}

await run(process.argv[2] ?? '', process.argv[3] ?? '', Number(process.argv[4]), Number(process.argv[5]));
