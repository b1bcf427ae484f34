/** The sessions of the agents that are connected to a server. */
import { kinds } from '../../api/kinds.ts';
import { nodeUser } from '../user.ts';
import { NodeSessions } from '../nodes/sessions.ts';
import { managedBy } from '../registry/managed-by.ts';
import type { Basics, Parts } from './parts.ts';

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
      fenceMilliseconds: flags.fence,
    },
    closedMilliseconds: flags.agentRestartTimeout,
    onPause: () => sight.paused(),
    issueToken: (node, namespace, account, request) =>
      tokens.requests.issue(namespace, account, request, nodeUser(node)),
    clock,
    log,
  });
}
