/** What the runtime is told of a pod as a whole. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { SandboxConfig } from '../runtime/port.ts';
import type { ClusterSettings } from '../state/port.ts';
import type { DnsConfig } from './dns-config.ts';
import { dnsConfigOf } from './dns-config.ts';
import { sandboxHostname } from './hosts-file.ts';
import { sandboxLabels } from './labels.ts';
import { sandboxSecurityOf } from './security.ts';
import { withDots } from './sysctls.ts';

export interface SandboxFacts {
  readonly attempt: number;
  readonly settings: Pick<ClusterSettings, 'clusterDomain' | 'clusterDns'>;
  /** The node's own resolv.conf. */
  readonly hostDns: DnsConfig;
  readonly cgroupParent: string;
  readonly logDirectory: string;
  /** Of the pod's runtime class; '' without one. */
  readonly runtimeHandler: string;
}

export function sandboxConfigOf(pod: Pod, facts: SandboxFacts): SandboxConfig {
  const { metadata, spec } = pod;
  const isOnHost = spec.hostNetwork ?? false;
  return {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    attempt: facts.attempt,
    hostname: isOnHost ? '' : sandboxHostname(pod, facts.settings.clusterDomain),
    logDirectory: facts.logDirectory,
    dns: dnsConfigOf(pod, facts.settings, facts.hostDns),
    portMappings: isOnHost ? [] : portMappingsOf(pod),
    labels: sandboxLabels(pod),
    annotations: metadata.annotations ?? {},
    cgroupParent: facts.cgroupParent,
    hostNetwork: isOnHost,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    runtimeHandler: facts.runtimeHandler,
    security: sandboxSecurityOf(pod),
    sysctls: Object.fromEntries(
      (spec.securityContext?.sysctls ?? []).map(({ name, value }) => [withDots(name), value]),
    ),
  };
}

function portMappingsOf(pod: Pod): SandboxConfig['portMappings'] {
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return ports
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
    .map(({ protocol = 'TCP', containerPort, hostPort = 0, hostIP = '' }) => ({
      protocol: protocol as 'TCP' | 'UDP' | 'SCTP',
      containerPort,
      hostPort,
      hostIp: hostIP,
    }));
}

/** `<logRoot>/<namespace>_<name>_<uid>`, where log collectors look. */
export function logDirectoryOf(pod: Pod, logRoot: string): string {
  const { namespace, name, uid } = pod.metadata;
  return `${logRoot}/${namespace}_${name}_${uid}`;
}
