/** Resident memory of an idle server (without etcd) and of idle agents, with three nodes. One line of JSON. */
import { rounded, residentMegabytes, spreadOf } from './measure.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';

const NODES = 3;
const IDLE_MILLISECONDS = Number(process.env['BENCH_SECONDS'] ?? 60) * 1000;
const SAMPLES = 10;
const SAMPLE_MILLISECONDS = 500;
const LIMIT_MEGABYTES = { server: 200, agent: 100 };

const cluster = await TestCluster.start({ nodes: NODES });
try {
  const { local } = cluster;
  const pidOf = async (host: string, service: string): Promise<number> => {
    const pid = await local.host(host).servicePid(service);
    if (pid === undefined) throw new Error(`no ${service} runs on ${host}`);
    return pid;
  };
  const server = await pidOf('server-1', 'server');
  const agents = await Promise.all(local.nodeNames.map((name) => pidOf(name, 'agent')));
  await sleep(systemClock, IDLE_MILLISECONDS);
  const samples = { server: [] as number[], agent: [] as number[] };
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    samples.server.push(residentMegabytes(server));
    samples.agent.push(...agents.map(residentMegabytes));
    await sleep(systemClock, SAMPLE_MILLISECONDS);
  }
  const [ofServer, ofAgent] = [spreadOf(samples.server), spreadOf(samples.agent)];
  console.log(
    JSON.stringify({
      bench: 'memory',
      ratio: {
        server: rounded(ofServer.median / LIMIT_MEGABYTES.server),
        agent: rounded(ofAgent.median / LIMIT_MEGABYTES.agent),
      },
      limitMegabytes: LIMIT_MEGABYTES,
      residentMegabytes: { server: ofServer, agent: ofAgent },
      nodes: NODES,
      idleSeconds: IDLE_MILLISECONDS / 1000,
    }),
  );
} finally {
  await cluster.stop();
}
