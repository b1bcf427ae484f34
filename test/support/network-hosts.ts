/** Hosts of a test: network namespaces joined by a bridge in a namespace of its own, with fake pods behind each. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a program and returns what it printed; rejects with its standard error. */
export async function sh(program: string, ...args: string[]): Promise<string> {
  return (await run(program, args, { timeout: 20_000, maxBuffer: 64 << 20 })).stdout;
}

export class TestNetwork {
  readonly id = randomBytes(3).toString('hex');
  private readonly namespaces: string[] = [];
  private links = 0;

  /** A namespace of this network; `name` is completed so that it is unique on the machine. */
  async namespace(name: string): Promise<string> {
    const full = `dt${this.id}-${name}`;
    await sh('ip', 'netns', 'add', full);
    this.namespaces.push(full);
    await sh('ip', '-n', full, 'link', 'set', 'lo', 'up');
    return full;
  }

  /** A bridge with `address` (with prefix length, or none) in `namespace`. */
  async bridge(namespace: string, name: string, address?: string): Promise<void> {
    await sh('ip', '-n', namespace, 'link', 'add', name, 'type', 'bridge');
    if (address) await sh('ip', '-n', namespace, 'addr', 'add', address, 'dev', name);
    await sh('ip', '-n', namespace, 'link', 'set', name, 'up');
  }

  /** Joins `namespace` to a bridge elsewhere by a device `eth0` with `address`; the port may send back where it came from. */
  async join(namespace: string, address: string, at: { namespace: string; bridge: string }): Promise<void> {
    const end = `v${this.id}${this.links++}`;
    await sh('ip', '-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', end, 'netns', at.namespace);
    await sh('ip', '-n', at.namespace, 'link', 'set', end, 'master', at.bridge, 'up');
    await sh('bridge', '-n', at.namespace, 'link', 'set', 'dev', end, 'hairpin', 'on');
    await sh('ip', '-n', namespace, 'addr', 'add', address, 'dev', 'eth0');
    await sh('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
  }

  /** Removes everything, whatever state it is in. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const namespace of this.namespaces.splice(0).toReversed())
      await sh('ip', 'netns', 'delete', namespace).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the test network was not removed');
  }
}

/** What to put before a program so that it runs on a host. */
export function onHost(namespace: string): string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`];
}
