/**
 * Runs inside a host of a test cluster and prints a line of JSON whenever what is seen from there changes: the addresses
 * that DNS gives for a name, and the backends that stand in the kernel's service rules.
 * Arguments: the address of the cluster's DNS, the name, the nftables table.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { decode, encode } from 'dns-packet';
import { output } from '../../lib/process.ts';

const ASK_MILLISECONDS = 20;
const [dns = '', name = '', table = ''] = process.argv.slice(2);
const seen = new Map<string, string>();

function tell(what: 'dns' | 'rules', addresses: string[]): void {
  const sorted = [...new Set(addresses)].toSorted();
  const text = sorted.join();
  if (seen.get(what) === text) return;
  seen.set(what, text);
  console.log(JSON.stringify({ at: Date.now(), what, addresses: sorted }));
}

function followDns(): void {
  const socket = createSocket('udp4');
  let id = 0;
  socket.on('message', (message) => {
    const answer = decode(message);
    if (answer.id !== id) return;
    tell(
      'dns',
      (answer.answers ?? []).flatMap((each) => (each.type === 'A' ? [each.data] : [])),
    );
  });
  setInterval(() => {
    id = (id + 1) & 0xffff;
    socket.send(encode({ type: 'query', id, questions: [{ type: 'A', name }] }), 53, dns);
  }, ASK_MILLISECONDS);
}

async function lookAtRules(): Promise<void> {
  const { stdout } = await output('nft', ['list', 'map', 'ip', table, 'services_tcp_slots']);
  tell(
    'rules',
    [...stdout.matchAll(/: ([\d.]+) \. \d+/g)].map(([, address = '']) => address),
  );
}

/** `nft monitor` says that something has changed; what there is then is read anew, once for all that came together. */
function followRules(): void {
  const monitor = spawn('nft', ['monitor', 'elements'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => monitor.kill());
  process.on('SIGTERM', () => process.exit(0));
  let running: Promise<void> | undefined;
  let again = false;
  const look = (): void => {
    again = running !== undefined;
    running ??= lookAtRules().finally(() => {
      running = undefined;
      if (again) look();
    });
  };
  createInterface({ input: monitor.stdout }).on('line', look);
  look();
}

followDns();
followRules();
