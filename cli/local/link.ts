/** The wire between the hosts of a local cluster: a bridge in a namespace of its own, a cable to each host and one to this machine. */
import { output, run } from '../../lib/process.ts';
import type { HostPlace, Topology } from './topology.ts';

/** Makes the bridge and this machine's cable to it; leaves them as they are when they are there. */
export async function makeSwitch(topology: Topology): Promise<void> {
  const { switchNetns, uplink, uplinkAddress, switchAddress, prefixLength } = topology;
  if (await netnsExists(switchNetns)) return;
  await run('ip', ['netns', 'add', switchNetns]);
  await ip([
    `-n ${switchNetns} link set lo up`,
    `-n ${switchNetns} link add br0 type bridge`,
    `-n ${switchNetns} link set br0 up`,
    `-n ${switchNetns} address add ${switchAddress}/${prefixLength} dev br0`,
    `link add ${uplink} type veth peer name machine netns ${switchNetns}`,
    `address add ${uplinkAddress}/${prefixLength} dev ${uplink}`,
    `link set ${uplink} up`,
    `-n ${switchNetns} link set machine master br0 up`,
  ]);
}

export async function removeSwitch(topology: Topology): Promise<void> {
  await output('ip', ['link', 'delete', topology.uplink]);
  await removeNetns(topology.switchNetns);
}

/** Makes the host's network namespace, anew if there is one, and plugs it in. */
export async function plugIn(topology: Topology, host: HostPlace): Promise<void> {
  await removeNetns(host.netns);
  await output('ip', ['-n', topology.switchNetns, 'link', 'delete', host.port]);
  await run('ip', ['netns', 'add', host.netns]);
  await ip([
    `-n ${host.netns} link set lo up`,
    `-n ${host.netns} link add eth0 address ${hardwareAddress(host)} type veth peer name ${host.port} netns ${topology.switchNetns}`,
    `-n ${topology.switchNetns} link set ${host.port} master br0 up`,
    `-n ${host.netns} address add ${host.address}/${topology.prefixLength} dev eth0`,
    `-n ${host.netns} link set eth0 up`,
    `-n ${host.netns} route add default via ${topology.switchAddress}`,
  ]);
}

export async function unplug(host: HostPlace): Promise<void> {
  await removeNetns(host.netns);
}

/** Pulls the cable out, or puts it back: nothing on the host is told but by its link. */
export async function setLink(topology: Topology, host: HostPlace, state: 'up' | 'down'): Promise<void> {
  await run('ip', ['-n', topology.switchNetns, 'link', 'set', host.port, state]);
}

export async function linkState(topology: Topology, host: HostPlace): Promise<'up' | 'down' | 'missing'> {
  const { stdout, code } = await output('ip', ['-n', topology.switchNetns, '-j', 'link', 'show', host.port]);
  if (code !== 0) return 'missing';
  const [link] = JSON.parse(stdout) as { flags: string[] }[];
  return link?.flags.includes('UP') ? 'up' : 'down';
}

/** The same at each boot, as a machine's is: its neighbours go on finding it. */
function hardwareAddress({ address }: HostPlace): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['02', '00', ...bytes].join(':');
}

async function netnsExists(name: string): Promise<boolean> {
  const { stdout } = await output('ip', ['-j', 'netns', 'list']);
  return stdout.includes(`"${name}"`);
}

async function removeNetns(name: string): Promise<void> {
  if (await netnsExists(name)) await run('ip', ['netns', 'delete', name]);
}

async function ip(commands: readonly string[]): Promise<void> {
  for (const command of commands) await run('ip', command.split(' '));
}
