/** What a server does while it leads, and how it comes to lead. */
import { kinds } from '../../api/kinds.ts';
import type { Component } from '../../lib/component.ts';
import { kindTypes } from '../admission/kind-types.ts';
import { authorizersOf } from '../auth/authorizers.ts';
import { mayHaveNodeCertificate } from '../certificates/rights.ts';
import { NodeUsages } from '../handlers/node-usage.ts';
import { managedBy } from '../registry/managed-by.ts';
import { RegistryOutput } from '../scheduler/output.ts';
import { PROFILES } from '../scheduler/profiles.ts';
import { FRONT_PROXY } from '../server/pki.ts';
import type { Election } from '../storage/coordination.ts';
import { LeaseElection } from '../storage/election.ts';
import { Leader } from './leader.ts';
import { queueMetrics, schedulerMetrics } from './metrics.ts';
import type { Basics, Parts } from './parts.ts';

/** Seconds after which others take over from a server that died. */
const LEADER_TTL = 4;
const OFFICE = 'leader';

type Needed = Basics &
  Pick<
    Parts,
    | 'table'
    | 'tokens'
    | 'pki'
    | 'registry'
    | 'caches'
    | 'events'
    | 'keys'
    | 'sight'
    | 'aggregation'
    | 'nextId'
    | 'sessions'
  >;

export function makeLeader(parts: Needed): Leader {
  const { flags, clock, log, metrics, table, tokens, pki, registry, caches, events, keys, sight, aggregation } = parts;
  const { nextId, sessions } = parts;
  const usages = new NodeUsages({ tunnels: sessions.tunnels, clock, log });
  const leader: Leader = new Leader({
    registry,
    log,
    controllers: {
      registry: managedBy(registry, 'dure-controllers'),
      events,
      clock,
      log,
      nextId,
      metrics: queueMetrics(metrics),
      whenFresh: async (kind) => void (await (kind ? caches.of(kind) : caches).whenFresh()),
      sessions: keys.sessions,
      sight,
      servers: keys.servers,
      apiPort: flags.port,
      typeOf: kindTypes({ table, definitions: caches.of(kinds.customresourcedefinitions).view }),
      serviceCidr: flags.serviceCidr,
      podAddresses: { clusterCidr: flags.clusterCidr, nodeBits: flags.nodeCidrSize },
      caCertificate: pki.authorityCertificate,
      authorities: {
        client: pki.authorityCertificate,
        frontProxy: pki.frontProxyAuthority,
        frontProxyName: FRONT_PROXY.commonName,
      },
      probe: aggregation.probe,
      usageOf: (nodeNames) => usages.ofAll(nodeNames),
      empty: aggregation.empty,
      elsewhere: aggregation.served,
      credentials: {
        signCertificate: (request) => pki.signForSigner(request),
        issueToken: (account, secretName) => tokens.accounts.issueLegacy(account, secretName),
      },
      mayHaveNodeCertificate: (user, subresource) => mayHaveNodeCertificate(authorizersOf(registry), user, subresource),
      nodeGraceMilliseconds: flags.nodeGrace,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      fenceMilliseconds: flags.fence,
    },
    scheduler: {
      pods: caches.of(kinds.pods).view,
      nodes: caches.of(kinds.nodes).view,
      budgets: caches.of(kinds.poddisruptionbudgets).view,
      namespaces: caches.of(kinds.namespaces).view,
      claims: caches.of(kinds.persistentvolumeclaims).view,
      volumes: caches.of(kinds.persistentvolumes).view,
      classes: caches.of(kinds.storageclasses).view,
      profiles: PROFILES,
      output: new RegistryOutput({
        registry: managedBy(registry, 'dure-scheduler'),
        rewrite: (namespace, name, change) => registry.of(kinds.pods).rewrite(namespace, name, change),
        events,
        clock,
        log,
      }),
      clock,
      random: Math.random,
      log,
      metrics: schedulerMetrics(metrics, () => leader.pending),
    },
  });
  return leader;
}

export function makeElection({ clock, log, serverName, store }: Basics & Pick<Parts, 'store'>): Election {
  return new LeaseElection({
    leases: store.leases,
    store,
    identity: serverName,
    clock,
    log,
    ttlSeconds: LEADER_TTL,
  });
}

/** Rejects when no server leads. */
export async function requireLeader(election: Election): Promise<void> {
  if ((await election.leader(OFFICE)) === undefined) throw new Error('no server leads');
}

/** Stands for election for as long as it runs. */
export function campaign(election: Election, leader: Leader): Component {
  let standing: { stop(): Promise<void> } | undefined;
  return {
    name: 'campaign',
    start() {
      standing = election.campaign(OFFICE, leader);
      return Promise.resolve();
    },
    stop: async () => standing?.stop(),
  };
}
