/** Host ports of the node: who was here first keeps them. The scheduler sees to that, but some pods name their node themselves. */
import { hostPortsOf, PORTS_TAKEN, portsCollide, type HostPort } from '../../api/machinery/host-ports.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { Verdict } from './memory.ts';

/** `holders`: those who may hold ports on the node now, without the pod itself. */
export function rejectHostPorts(
  pod: Pod,
  holders: Iterable<{ readonly hostPorts: readonly HostPort[] }>,
): Verdict | undefined {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return undefined;
  for (const { hostPorts } of holders) {
    if (!portsCollide(wanted, hostPorts)) continue;
    const message = `Pod was rejected: Predicate NodePorts failed: ${PORTS_TAKEN}`;
    return { phase: 'Failed', reason: 'NodePorts', message };
  }
  return undefined;
}
