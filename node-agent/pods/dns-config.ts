/** A pod's resolv.conf, from its dnsPolicy and dnsConfig. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { SandboxConfig } from '../runtime/port.ts';
import type { ClusterSettings } from '../state/port.ts';

export type DnsConfig = NonNullable<SandboxConfig['dns']>;

/** What glibc still reads. */
const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;

export function dnsConfigOf(
  pod: Pod,
  settings: Pick<ClusterSettings, 'clusterDomain' | 'clusterDns'>,
  host: DnsConfig,
): DnsConfig {
  const base = baseOf(pod, settings, host);
  const own = pod.spec.dnsConfig;
  const servers = unique([...base.servers, ...(own?.nameservers ?? [])]).slice(0, MAX_SERVERS);
  const searches = unique([...base.searches, ...(own?.searches ?? [])]).slice(0, MAX_SEARCHES);
  return { servers, searches, options: mergeOptions(base.options, own?.options ?? []) };
}

function baseOf(
  pod: Pod,
  { clusterDomain, clusterDns }: Pick<ClusterSettings, 'clusterDomain' | 'clusterDns'>,
  host: DnsConfig,
): DnsConfig {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const isCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec.hostNetwork);
  if (!isCluster || clusterDns === '') return host;
  const own = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: [clusterDns], searches: unique([...own, ...host.searches]), options: ['ndots:5'] };
}

/** The pod's own option replaces one of the same name. */
function mergeOptions(base: readonly string[], own: readonly { name?: string; value?: string }[]): string[] {
  const merged = new Map(base.map((option) => [option.split(':', 1)[0] ?? '', option]));
  for (const { name = '', value } of own) {
    if (name !== '') merged.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  }
  return [...merged.values()];
}

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const result: DnsConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined) result.servers.push(words[0]);
    if (keyword === 'search' || keyword === 'domain') result.searches = words.filter((word) => word !== '.');
    if (keyword === 'options') result.options = words;
  }
  return result;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
