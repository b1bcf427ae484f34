/** Removes what a test run left behind, found by its mark: for tests that were killed before they could do so. */
import { readFileSync, readdirSync } from 'node:fs';
import { LocalCluster, clusterNames } from '../../cli/local/cluster.ts';
import { output } from '../../lib/process.ts';

/** The environment variable that every process of a run inherits. */
export const RUN_VARIABLE = 'DURE_TEST_RUN';

/** `directory` is where its temporary files are: they are left for the end of the run, what is mounted among them is not. */
export async function cleanUp(mark: string, directory: string): Promise<void> {
  for (const name of clusterNames().filter((each) => each.startsWith(clusterPrefix(mark)))) {
    console.error(`=== removing cluster ${name}, which a test left behind`);
    await LocalCluster.find(name)?.down(() => undefined);
  }
  const left = processesOf(mark);
  const namespaces = await namespacesOf(left);
  for (const pid of left) kill(pid);
  for (const namespace of namespaces) await output('ip', ['netns', 'delete', namespace]);
  for (const mount of mountsBelow(directory)) await output('umount', ['--lazy', mount]);
}

/** The innermost first. */
function mountsBelow(directory: string): string[] {
  const places = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return places.filter((place) => place.startsWith(`${directory}/`)).toReversed();
}

/** What the names of a run's clusters begin with. Short: names of interfaces and namespaces are made of it. */
export function clusterPrefix(mark: string): string {
  return `t${mark.slice(0, 4)}`;
}

/** The processes of a run, but this one. */
export function processesOf(mark: string): number[] {
  const wanted = `${RUN_VARIABLE}=${mark}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(wanted));
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended, or is the kernel's.
    return [];
  }
}

/** The named network namespaces in which these processes are. */
async function namespacesOf(pids: readonly number[]): Promise<Set<string>> {
  const names = new Set<string>();
  for (const pid of pids) {
    const { stdout, code } = await output('ip', ['netns', 'identify', String(pid)]);
    if (code === 0 && stdout.trim()) names.add(stdout.trim());
  }
  return names;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
