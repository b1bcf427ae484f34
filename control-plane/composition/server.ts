/**
 * The composition root of `dure server`: makes the parts, gives each what it needs, starts them in order. How the larger
 * ones are made is in the files beside it.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { Codec } from '../../api/schema/codec.ts';
import { loadSchemaTable } from '../../api/schema/table.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Component, ComponentGroup } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { Metrics } from '../../lib/metrics.ts';
import { addressesOf } from '../addresses.ts';
import { makeAggregation } from '../aggregation/compose.ts';
import { loadAudit } from '../audit/load.ts';
import { identitiesOf } from '../auth/identities.ts';
import { makeTokens } from '../auth/tokens/all.ts';
import { SigningKey } from '../auth/tokens/signing-key.ts';
import { makeBackend } from '../backend/backend.ts';
import { Encryption } from '../backend/encryption.ts';
import { indexesOf } from '../controllers/indexes.ts';
import { customResources } from '../custom-resources/compose.ts';
import { RegistryEventRecorder } from '../events/recorder.ts';
import type { ServerFlags } from '../flags.ts';
import { NodeLeases } from '../nodes/leases.ts';
import type { NodeTunnels } from '../nodes/port.ts';
import type { NodeSessions } from '../nodes/sessions.ts';
import { Caches } from '../registry/caches.ts';
import { generateName } from '../../api/machinery/name-generator.ts';
import { Compactor } from '../storage/compactor.ts';
import { Defragmenter } from '../storage/defragmenter.ts';
import { MeasuredStore } from '../storage/measured.ts';
import { LeaseSessionKeys } from '../storage/session-keys.ts';
import { webhookClient } from '../webhooks/client.ts';
import { makeApi } from './api.ts';
import { makeJoins } from './joins.ts';
import { campaign, makeElection, makeLeader } from './leading.ts';
import { storeMetrics } from './metrics.ts';
import type { Basics, Parts } from './parts.ts';
import { makePki } from './pki.ts';
import { makeRegistry } from './registry.ts';
import { ServerKeys } from './server-keys.ts';
import { leaseOf, makeSessions, SESSION_TTL } from './sessions.ts';
import { ControlPlaneSight } from './sight.ts';

export interface ServerOptions {
  flags: ServerFlags;
  clock: Clock;
  log: Log;
}

/** What the rest of the server stands on. */
type Foundation = Basics & Pick<Parts, 'pki' | 'store' | 'objects' | 'etcd' | 'caches' | 'audit'>;
type Identity = Pick<Parts, 'registry' | 'tokens' | 'events' | 'keys' | 'sight' | 'webhooks' | 'aggregation'>;

export class Server implements Component {
  readonly name = 'server';
  private readonly basics: Basics;
  private readonly signingKey: SigningKey;
  private started: ComponentGroup[] = [];

  /** Throws an Error for flags that don't fit together. */
  constructor({ flags, clock, log }: ServerOptions) {
    const metrics = new Metrics();
    metrics.includeProcess();
    const serverName = flags.name ?? hostname();
    // To be told of before anything is started.
    leaseOf(flags);
    this.basics = { flags, clock, log, metrics, addresses: addressesOf(flags), serverName };
    this.signingKey = new SigningKey({
      file: join(flags.dataDir, 'pki', 'sa.key'),
      others: flags.serviceAccountKeyFile,
    });
  }

  /** Starts from the store upwards; what is above is made only when what is below answers. */
  async start(): Promise<void> {
    const { log, addresses } = this.basics;
    try {
      const foundation = await this.layFoundation();
      await this.serve(foundation);
      log.info({ api: addresses.apiUrl, kubeconfig: foundation.pki.adminKubeconfig }, 'ready');
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Requests in flight first, the store last. */
  async stop(): Promise<void> {
    for (let group = this.started.pop(); group; group = this.started.pop()) await group.stop();
  }

  private async run(name: string, components: Component[]): Promise<void> {
    const group = new ComponentGroup(name, components);
    await group.start();
    this.started.push(group);
  }

  private async layFoundation(): Promise<Foundation> {
    const { flags, clock, log, metrics, addresses, serverName: name } = this.basics;
    const pki = makePki(this.basics);
    const { store, etcd, components } = await makeBackend({ flags, name, address: addresses.advertised, clock, log });
    const { dataDir, encryptionProviderConfig: file } = flags;
    const encryption = new Encryption({ dataDir, file, store, clock, log });
    const objects = new MeasuredStore({ store: encryption.store, metrics: storeMetrics(metrics), clock });
    const caches = new Caches({ store: objects, clock, log, metrics, indexesOf });
    const compactor = new Compactor({ store, clock, log });
    const loaded = await loadAudit(flags, { clock, log });
    // Somebody else looks after an etcd that was there before.
    const upkeep = etcd ? [compactor, new Defragmenter({ store, members: etcd, clock, log })] : [compactor];
    await this.run('foundation', [pki, this.signingKey, ...components, encryption, ...upkeep, caches]);
    if (loaded) await this.run('audit', [loaded.component]);
    return { ...this.basics, pki, store, objects, etcd, caches, audit: loaded?.audit };
  }

  private async serve(foundation: Foundation): Promise<void> {
    const { clock, log, metrics, pki, store, objects, caches } = foundation;
    const table = loadSchemaTable();
    const codec = new Codec({ table });
    // Sessions are made last of all; nobody is reached through them before.
    const reached: { sessions?: NodeSessions } = {};
    const outward = {
      tunnels: tunnelsThrough(() => reached.sessions),
      viewOf: <T extends KubeObject>(kind: Kind<T>) => caches.of(kind).view,
      random: Math.random,
      clock,
    };
    const webhooks = webhookClient(outward);
    const aggregation = makeAggregation({ ...outward, log, frontProxy: () => pki.frontProxyKeyPair });
    const registry = await makeRegistry({ ...foundation, table, codec, objects, webhooks });
    const nextId = (): string => generateName('', (bound) => randomInt(bound));
    const events = new RegistryEventRecorder({ registry, clock, log, component: 'dure-server', nextId });
    const sessionKeys = new LeaseSessionKeys({ leases: store.leases, store, ttlSeconds: SESSION_TTL, clock, log });
    const custom = customResources({ registry, caches, codec, log, webhooks, newUid: randomUUID });
    const sight = new ControlPlaneSight({ probe: () => store.revision(), clock });
    await this.run('sessions', [sessionKeys, events, custom, sight]);

    const keys = this.makeKeys(sessionKeys, sight);
    const tokens = await this.makeTokens({ registry, caches });
    const identity: Identity = { registry, tokens, events, keys, sight, webhooks, aggregation };
    const sessions = makeSessions({ ...foundation, ...identity });
    reached.sessions = sessions;
    sessionKeys.onLost(() => sessions.cutOff());
    sessionKeys.onRenewed(() => sessions.cameBack());
    const joins = await makeJoins({ ...foundation, keys });
    const leader = makeLeader({ ...foundation, ...identity, table, nextId, sessions });
    metrics.observed('leader_election_master_status', 'Whether this server leads.', () => Number(leader.isLeading));
    const election = makeElection(foundation);
    const api = makeApi({ ...foundation, ...identity, table, codec, sessions, join: joins, election });
    const leases = new NodeLeases({ registry, connected: () => sessions.connected, clock, log });
    const elected = campaign(election, leader);
    await this.run('serving', [
      keys,
      sessions,
      leases,
      webhooks,
      aggregation.connections,
      aggregation.served,
      api,
      elected,
    ]);
  }

  private makeKeys(sessionKeys: LeaseSessionKeys, sight: ControlPlaneSight): ServerKeys {
    const { flags, log, addresses, serverName: server } = this.basics;
    const { agentPort } = flags;
    const onMissed = (): void => sight.paused();
    return new ServerKeys({ sessionKeys, server, address: addresses.advertised, agentPort, onMissed, log });
  }

  private async makeTokens({ registry, caches }: Pick<Parts, 'registry' | 'caches'>): Promise<Parts['tokens']> {
    const { flags, clock, log } = this.basics;
    return makeTokens({
      registry,
      cacheOf: (kind) => caches.of(kind),
      key: this.signingKey,
      clusterDomain: flags.clusterDomain,
      ...(await identitiesOf(flags, clock, log)),
      clock,
      newId: randomUUID,
    });
  }
}

function tunnelsThrough(sessions: () => NodeSessions | undefined): NodeTunnels {
  return {
    open(node, wanted, signal) {
      const made = sessions();
      if (!made) throw new Error('no node is reached before there are sessions');
      return made.tunnels.open(node, wanted, signal);
    },
  };
}
