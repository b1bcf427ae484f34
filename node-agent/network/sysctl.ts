/** Kernel settings: those that forwarding and the service rules rest on. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sysctls } from './port.ts';

const NEEDED: readonly [string, string][] = [
  ['net/ipv4/ip_forward', '1'],
  // Pods of one bridge answer each other past the node unless bridged packets pass its address translation.
  ['net/bridge/bridge-nf-call-iptables', '1'],
  // A node port on 127.0.0.1 leads to a pod; the proxy's table drops such packets from outside.
  ['net/ipv4/conf/all/route_localnet', '1'],
];
const REVERSE_PATH = 'net/ipv4/conf/all/rp_filter';
const STRICT = '1';
const LOOSE = '2';

/** Sets what is needed; returns what this kernel lacks. */
export async function prepareKernel(sysctls: Sysctls): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, value] of NEEDED) {
    const now = await sysctls.read(name);
    if (now === undefined) missing.push(name);
    else if (now !== value) await sysctls.write(name, value);
  }
  // Strict checking drops what comes by another way than its answer goes, as between tunnels and plain routes.
  if ((await sysctls.read(REVERSE_PATH)) === STRICT) await sysctls.write(REVERSE_PATH, LOOSE);
  return missing;
}

export class ProcSysctls implements Sysctls {
  private readonly root: string;

  constructor(options: { root?: string } = {}) {
    this.root = options.root ?? '/proc/sys';
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.root, name), 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(name: string, value: string): Promise<void> {
    await writeFile(join(this.root, name), value);
  }
}
