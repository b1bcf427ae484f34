/** A pod's /etc/hosts and its name. */
import type { Pod } from '../../api/types/core.v1.ts';

const LOOPBACK = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback'];
const IPV6_NAMES = [
  'fe00::\tip6-localnet',
  'fe00::\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];
const MAX_HOSTNAME = 63;

export interface PodName {
  readonly hostname: string;
  /** Empty when the pod has no subdomain. */
  readonly domain: string;
}

export function podNameOf(pod: Pod, clusterDomain: string): PodName {
  const { hostname, subdomain, hostnameOverride } = pod.spec;
  if (hostnameOverride !== undefined) return { hostname: hostnameOverride, domain: '' };
  const full = hostname !== undefined && hostname !== '' ? hostname : (pod.metadata.name ?? '');
  const short = full.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  return { hostname: short, domain };
}

/** What the sandbox is told to be called: the short name, or the full one where the pod asks for that. */
export function sandboxHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = podNameOf(pod, clusterDomain);
  return pod.spec.setHostnameAsFQDN && domain !== '' ? `${hostname}.${domain}` : hostname;
}

/** `hostFile` is the node's own, which pods on the host's network get with their aliases added. */
export function hostsFileOf(pod: Pod, podIps: readonly string[], clusterDomain: string, hostFile: string): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames }) => [ip, ...(hostnames ?? [])].join('\t'));
  const added = aliases.length > 0 ? ['', '# Entries added by HostAliases.', ...aliases] : [];
  if (pod.spec.hostNetwork)
    return ['# Kubernetes-managed hosts file (host network).', hostFile.trimEnd(), ...added, ''].join('\n');
  const { hostname, domain } = podNameOf(pod, clusterDomain);
  const names = domain === '' ? [hostname] : [`${hostname}.${domain}`, hostname];
  const own = podIps.map((ip) => [ip, ...names].join('\t'));
  return ['# Kubernetes-managed hosts file.', ...LOOPBACK, ...IPV6_NAMES, ...own, ...added, ''].join('\n');
}
