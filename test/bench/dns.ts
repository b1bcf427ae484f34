/** Answers a second for names of the cluster, against dnsmasq serving the same names, in turns. One JSON line. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SERVICES, serviceAddress } from './dns-serve.ts';

const ROUNDS = 5;
const SECONDS = 3;
const ADDRESS = '127.83.10.53';
const PORTS = { dure: 5310, dnsmasq: 5311 } as const;
type Who = keyof typeof PORTS;

const run = promisify(execFile);
const directory = await mkdtemp(join(tmpdir(), 'dure-dns-'));
const children: ChildProcess[] = [];

async function measure(who: Who): Promise<number> {
  const args = ['-s', ADDRESS, '-p', String(PORTS[who]), '-d', join(directory, 'queries'), '-l', String(SECONDS)];
  const { stdout } = await run('dnsperf', [...args, '-c', '4', '-q', '200']);
  const lost = Number(/Queries lost:\s+(\d+)/.exec(stdout)?.[1]);
  const completed = Number(/Queries completed:\s+(\d+)/.exec(stdout)?.[1]);
  const good = Number(/NOERROR (\d+)/.exec(stdout)?.[1]);
  if (good !== completed || lost > completed / 100) throw new Error(`${who} did not answer everything:\n${stdout}`);
  return Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]);
}

async function startBoth(): Promise<void> {
  const names = Array.from({ length: SERVICES }, (_, i) => `s${i}.bench.svc.cluster.local`);
  await writeFile(join(directory, 'queries'), names.map((name) => `${name} A\n`).join(''));
  await writeFile(join(directory, 'hosts'), names.map((name, i) => `${serviceAddress(i)} ${name}\n`).join(''));
  const serve = join(import.meta.dirname, 'dns-serve.ts');
  const dure = spawn(process.execPath, [serve, ADDRESS, String(PORTS.dure)], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(dure);
  await once(dure.stdout, 'data');
  const options = ['--keep-in-foreground', '--no-resolv', '--no-hosts', '--conf-file=/dev/null', '--user=root'];
  const own = [`--addn-hosts=${join(directory, 'hosts')}`, `--port=${PORTS.dnsmasq}`, `--listen-address=${ADDRESS}`];
  const cache = [
    '--bind-interfaces',
    '--cache-size=10000',
    '--local=/cluster.local/',
    '--pid-file=',
    '--log-facility=-',
  ];
  const dnsmasq = spawn('dnsmasq', [...options, ...own, ...cache], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(dnsmasq);
  let said = '';
  for await (const data of dnsmasq.stderr) {
    said += String(data);
    if (said.includes(`${SERVICES} `) || said.includes('addresses')) break;
  }
}

const spread = (values: readonly number[]): object => {
  const sorted = values.toSorted((one, other) => one - other).map((value) => Math.round(value));
  return { median: sorted[sorted.length >> 1], least: sorted[0], most: sorted.at(-1) };
};

try {
  await startBoth();
  const rates: Record<Who, number[]> = { dure: [], dnsmasq: [] };
  await measure('dure');
  for (let round = 0; round < ROUNDS; round++)
    for (const who of ['dure', 'dnsmasq'] as const) rates[who].push(await measure(who));
  const ratios = rates.dure.map((rate, round) => Math.round((rate / (rates.dnsmasq[round] ?? 1)) * 1000) / 1000);
  const ratio = ratios.toSorted((one, other) => one - other)[ratios.length >> 1];
  console.log(
    JSON.stringify({
      bench: 'dns',
      ratio,
      ratios,
      answersPerSecond: { dure: spread(rates.dure), dnsmasq: spread(rates.dnsmasq) },
      names: SERVICES,
      rounds: ROUNDS,
      secondsEach: SECONDS,
    }),
  );
} finally {
  for (const child of children) child.kill();
  await rm(directory, { recursive: true, force: true });
}
