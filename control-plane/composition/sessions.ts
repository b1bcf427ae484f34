/** The sessions of the agents that are connected to a server. */
import { kinds } from '../../api/kinds.ts';
import { nodeUser } from '../user.ts';
import { leaseLength } from '../nodes/fencing.ts';
import { NodeSessions } from '../nodes/sessions.ts';
import { managedBy } from '../registry/managed-by.ts';
import type { ServerFlags } from '../flags.ts';
import { TRUSTED_SHARE } from '../storage/etcd/leases.ts';
import type { Basics, Parts } from './parts.ts';

/** Seconds after which the sessions that a dead server held are seen as ended: its agents need some to find another one. */
export const SESSION_TTL = 8;

type Needed = Basics & Pick<Parts, 'pki' | 'registry' | 'caches' | 'keys' | 'sight' | 'tokens'>;

export function makeSessions(parts: Needed): NodeSessions {
  const { flags, clock, log, pki, registry, caches, keys, sight, tokens } = parts;
  return new NodeSessions({
    listen: `${flags.bindAddress}:${flags.agentPort}`,
    certificates: pki,
    registry: managedBy(registry, 'dure-agent'),
    caches: {
      pods: caches.of(kinds.pods),
      secrets: caches.of(kinds.secrets),
      configmaps: caches.of(kinds.configmaps),
      services: caches.of(kinds.services),
      endpointslices: caches.of(kinds.endpointslices),
      runtimeclasses: caches.of(kinds.runtimeclasses),
      servicecidrs: caches.of(kinds.servicecidrs),
      persistentvolumeclaims: caches.of(kinds.persistentvolumeclaims),
      persistentvolumes: caches.of(kinds.persistentvolumes),
      nodes: caches.of(kinds.nodes),
    },
    keys,
    servers: keys,
    welcome: {
      heartbeatMilliseconds: flags.heartbeat,
      timeoutMilliseconds: flags.nodeTimeout,
      clusterDomain: flags.clusterDomain,
      clusterDns: flags.clusterDns,
      clusterCidr: flags.clusterCidr,
      serviceCidr: flags.serviceCidr,
      leaseMilliseconds: leaseOf(flags),
    },
    closedMilliseconds: flags.agentRestartTimeout,
    onPause: () => sight.paused(),
    issueToken: (node, namespace, account, request) =>
      tokens.requests.issue(namespace, account, request, nodeUser(node)),
    clock,
    log,
  });
}

type Times = Pick<ServerFlags, 'heartbeat' | 'nodeTimeout' | 'agentRestartTimeout' | 'fence'>;

/** The milliseconds of an agent's lease. Throws an Error for flags that leave agents too little time. */
export function leaseOf({ heartbeat, nodeTimeout, agentRestartTimeout, fence }: Times): number {
  return leaseLength({
    heartbeatMilliseconds: heartbeat,
    timeoutMilliseconds: Math.min(nodeTimeout, agentRestartTimeout),
    fenceMilliseconds: fence,
    doubtMilliseconds: Math.round(SESSION_TTL * 1000 * (1 - TRUSTED_SHARE)),
  });
}
