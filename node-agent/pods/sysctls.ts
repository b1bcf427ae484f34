/** Which kernel parameters a pod may set: those that stay within it and harm no other, and those that the node allows. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { Verdict } from './memory.ts';

/** As Kubernetes documents them as safe. */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);
const OF_IPC = ['kernel.shm', 'kernel.msg', 'kernel.sem', 'fs.mqueue.'];

/** `net/ipv4/conf/eth0.1/forwarding` is `net.ipv4.conf.eth0/1.forwarding` to the runtime: the first separator decides. */
export function withDots(sysctl: string): string {
  const first = /[./]/.exec(sysctl)?.[0];
  if (first !== '/') return sysctl;
  return sysctl.replaceAll(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}

/** `allowed`: names, or beginnings of names with a star at their end. */
export function rejectSysctls({ spec }: Pod, allowed: readonly string[]): Verdict | undefined {
  const why = (spec.securityContext?.sysctls ?? []).map(({ name }) => problemOf(withDots(name), spec, allowed));
  const found = why.find((each) => each !== undefined);
  if (found === undefined) return undefined;
  return { phase: 'Failed', reason: 'SysctlForbidden', message: `Pod was rejected: forbidden sysctl: ${found}` };
}

function problemOf(name: string, spec: Pod['spec'], allowed: readonly string[]): string | undefined {
  if (spec.hostIPC && OF_IPC.some((prefix) => name.startsWith(prefix)))
    return `"${name}" not allowed with host ipc enabled`;
  if (spec.hostNetwork && name.startsWith('net.')) return `"${name}" not allowed with host net enabled`;
  if (SAFE.has(name) || allowed.some((pattern) => matches(pattern, name))) return undefined;
  return `"${name}" not allowlisted`;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : withDots(pattern) === name;
}
