/** What carrying out the actions of any pod takes. Made once, by the manager. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Runtime } from '../runtime/port.ts';
import type { ClusterSettings, DesiredState, Reporter } from '../state/port.ts';
import type { Volumes } from '../volumes/port.ts';
import type { BackoffLimits } from './backoff.ts';
import type { Cgroups } from './cgroups.ts';
import { fieldPathOf } from './container-kind.ts';
import type { DnsConfig } from './dns-config.ts';
import type { PodFiles } from './files.ts';
import type { Images } from './images.ts';
import type { Limit } from './limit.ts';
import type { PodFence } from './pod-fence.ts';
import type { RuntimeCache } from './runtime-cache.ts';

export interface PodServices {
  readonly runtime: Runtime;
  readonly cache: RuntimeCache;
  readonly state: DesiredState;
  readonly settings: () => ClusterSettings;
  readonly reporter: Reporter;
  readonly volumes: Volumes;
  readonly files: PodFiles;
  readonly cgroups: Cgroups;
  readonly fence: PodFence;
  readonly images: Images;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BackoffLimits;
  /** Sandboxes wait their turn; containers don't, so that pods come up one after the other instead of all late. */
  readonly starts: Limit;
  readonly logRoot: string;
  /** Where the node's own seccomp profiles are. */
  readonly seccompRoot: string;
  readonly hasAppArmor: boolean;
  /** Sysctls that pods may set though they are not safe: names, or their beginnings with a star. */
  readonly allowedSysctls: readonly string[];
  readonly nodeName: string;
  readonly nodeAddresses: () => readonly string[];
  readonly nodeCapacity: { readonly milliCpu: number; readonly memoryBytes: number };
  readonly hostDns: () => Promise<DnsConfig>;
  readonly hostHosts: () => Promise<string>;
}

/** About the pod, or about one of its containers. */
export function emit(
  services: PodServices,
  pod: Pod,
  container: string | undefined,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const about = { kind: 'Pod', namespace, name, uid };
  const fieldPath = container && fieldPathOf(pod, container);
  services.reporter.event({ ...about, ...(fieldPath && { fieldPath }) }, type, reason, message);
}
