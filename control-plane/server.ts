/** The composition root of `dure server`: makes the parts, gives each what it needs, starts them in order. */
import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SchemaTypes } from '../api/apply/schema-types.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import { StrategicMerge } from '../api/patch/strategic.ts';
import { cellsOf, columnDefinitions } from '../api/printing/table.ts';
import { Codec } from '../api/schema/codec.ts';
import { Protobuf } from '../api/schema/protobuf/protobuf.ts';
import { loadSchemaTable, type SchemaTable } from '../api/schema/table.ts';
import type { Clock } from '../lib/clock.ts';
import { type Component, ComponentGroup } from '../lib/component.ts';
import type { Log } from '../lib/log.ts';
import { Metrics } from '../lib/metrics.ts';
import { type Addresses, addressesOf } from './addresses.ts';
import { type Aggregation, makeAggregation } from './aggregation/compose.ts';
import { kindTypes } from './admission/kind-types.ts';
import { dynamicAdmission } from './admission/dynamic.ts';
import { makeTokens, type Tokens } from './auth/tokens/all.ts';
import { authorizersOf } from './auth/authorizers.ts';
import { mayHaveNodeCertificate } from './certificates/rights.ts';
import { SigningKey } from './auth/tokens/signing-key.ts';
import { nodeUser } from './auth/user.ts';
import { makeBackend } from './backend.ts';
import { bootstrapChecks } from './bootstrap-checks.ts';
import { Caches } from './caches.ts';
import { queueMetrics, schedulerMetrics, storeMetrics } from './component-metrics.ts';
import { customResources } from './custom-resources/compose.ts';
import { RegistryEventRecorder } from './events/recorder.ts';
import { readAdmissionConfig } from './admission/config-file.ts';
import { EventRateLimit } from './admission/event-rate-limit.ts';
import type { AuditOptions } from './audit/layers.ts';
import { loadAudit } from './audit/load.ts';
import { Encryption } from './encryption.ts';
import type { ServerFlags } from './flags.ts';
import { identitiesOf } from './identity-flags.ts';
import { StoreHistory } from './handlers/history.ts';
import { Leader } from './leader.ts';
import type { NodeTunnels } from './nodes/port.ts';
import { NodeLeases } from './nodes/leases.ts';
import { NodeSessions } from './nodes/sessions.ts';
import { generateName } from './registry/name-generator.ts';
import { managedBy } from './registry/managed-by.ts';
import { ResourceRegistry } from './registry/registry.ts';
import { RegistryOutput } from './scheduler/output.ts';
import { PROFILES } from './scheduler/profiles.ts';
import { ApiServer } from './server/api-server.ts';
import { apiDocuments } from './server/documents.ts';
import { JoinTokens } from './server/join-tokens.ts';
import { FRONT_PROXY, Pki } from './server/pki.ts';
import type { JoinOptions } from './server/web.ts';
import { webhookClient } from './webhooks/client.ts';
import { ServerJoins } from './server-joins.ts';
import { ServerKeys } from './server-keys.ts';
import { ControlPlaneSight } from './sight.ts';
import { Compactor } from './storage/compactor.ts';
import { Defragmenter } from './storage/defragmenter.ts';
import { MeasuredStore } from './storage/measured.ts';
import { LeaseElection } from './storage/election.ts';
import type { EtcdCluster } from './storage/etcd-cluster.ts';
import type { EtcdStore } from './storage/etcd/store.ts';
import type { Store } from './storage/port.ts';
import { LeaseSessionKeys } from './storage/session-keys.ts';

/** Seconds after which others take over from a server that died. */
const LEADER_TTL = 4;
/** Seconds after which the sessions that a dead server held are seen as ended: its agents need some to find another one. */
const SESSION_TTL = 8;

export interface ServerOptions {
  flags: ServerFlags;
  clock: Clock;
  log: Log;
}

/** What the rest of the server stands on. */
interface Foundation {
  readonly pki: Pki;
  /** As it is stored; for leases, elections and tokens. */
  readonly store: EtcdStore;
  /** The same store as objects are kept in it, some of them encrypted. */
  readonly objects: Store;
  readonly etcd: EtcdCluster | undefined;
  readonly caches: Caches;
  readonly audit?: AuditOptions;
}

export class Server implements Component {
  readonly name = 'server';
  private readonly options: ServerOptions;
  private readonly metrics = new Metrics();
  private readonly addresses: Addresses;
  private readonly serverName: string;
  private readonly signingKey: SigningKey;
  private started: ComponentGroup[] = [];

  /** Throws an Error for flags that don't fit together. */
  constructor(options: ServerOptions) {
    this.options = options;
    this.addresses = addressesOf(options.flags);
    this.serverName = options.flags.name ?? hostname();
    this.signingKey = new SigningKey({ file: join(options.flags.dataDir, 'pki', 'sa.key') });
    this.metrics.includeProcess();
  }

  /** Starts from the store upwards; what is above is made only when what is below answers. */
  async start(): Promise<void> {
    const { flags, clock, log } = this.options;
    try {
      const pki = this.makePki();
      const { store, etcd, components } = await makeBackend({
        flags,
        name: this.serverName,
        address: this.addresses.advertised,
        clock,
        log,
      });
      const { dataDir, encryptionProviderConfig: file } = flags;
      const encryption = new Encryption({ dataDir, file, store, clock, log });
      const objects = new MeasuredStore({ store: encryption.store, metrics: storeMetrics(this.metrics), clock });
      const caches = new Caches({ store: objects, clock, log, metrics: this.metrics });
      const compactor = new Compactor({ store, clock, log });
      const audit = await loadAudit(flags, { clock, log });
      // Somebody else looks after an etcd that was there before.
      const upkeep = etcd ? [compactor, new Defragmenter({ store, members: etcd, clock, log })] : [compactor];
      await this.run('foundation', [pki, this.signingKey, ...components, encryption, ...upkeep, caches]);
      if (audit) await this.run('audit', [audit.component]);
      const audited = audit ? { audit: audit.audit } : {};
      await this.serve({ pki, store, objects, etcd, caches, ...audited });
      log.info({ api: this.addresses.apiUrl, kubeconfig: pki.adminKubeconfig }, 'ready');
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

  private makePki(): Pki {
    const { flags, clock, log } = this.options;
    const { advertised, serviceAddress, apiUrl } = this.addresses;
    const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);
    return new Pki({
      directory: join(flags.dataDir, 'pki'),
      dnsNames: [this.serverName, ...flags.tlsSan.filter((name) => !isAddress(name))],
      addresses: [advertised, ...flags.tlsSan.filter(isAddress)],
      clusterDomain: flags.clusterDomain,
      serviceAddress,
      url: () => apiUrl,
      clock,
      log,
    });
  }

  private async serve(parts: Foundation): Promise<void> {
    const { flags, clock, log } = this.options;
    const { pki, store, objects, etcd, caches, audit } = parts;
    const random = (bound: number): number => randomInt(bound);
    const table = loadSchemaTable();
    const codec = new Codec({ table });
    const outward = {
      tunnels: { open: (node, wanted, signal) => sessions.tunnels.open(node, wanted, signal) } satisfies NodeTunnels,
      viewOf: <T extends KubeObject>(kind: Kind<T>) => caches.of(kind).view,
      random: Math.random,
      clock,
    };
    const webhooks = webhookClient(outward);
    const aggregation = makeAggregation({ ...outward, log, frontProxy: () => pki.frontProxyKeyPair });
    const { admissionControlConfigFile: settings } = flags;
    const limits = settings ? (await readAdmissionConfig(settings)).eventLimits : [];
    const eventLimits = limits.length > 0 ? [new EventRateLimit({ limits, clock })] : [];
    const registry: ResourceRegistry = new ResourceRegistry({
      types: new SchemaTypes({ table, codec }),
      store: objects,
      cacheOf: (kind) => caches.of(kind),
      clock,
      log,
      newUid: randomUUID,
      random,
      serviceCidr: flags.serviceCidr,
      ownerPermissions: flags.enableAdmissionPlugins.includes('OwnerReferencesPermissionEnforcement'),
      admission: [
        ...eventLimits,
        ...dynamicAdmission({
          viewOf: (kind) => caches.of(kind).view,
          registry: () => registry,
          authorizers: () => authorizersOf(registry),
          client: webhooks,
          codec,
          newUid: randomUUID,
          log,
        }),
      ],
    });
    const nextId = (): string => generateName('', random);
    const events = new RegistryEventRecorder({ registry, clock, log, component: 'dure-server', nextId });
    const sessionKeys = new LeaseSessionKeys({ leases: store.leases, store, ttlSeconds: SESSION_TTL, clock, log });
    const custom = customResources({ registry, caches, codec, log, webhooks, newUid: randomUUID });
    const sight = new ControlPlaneSight({ probe: () => store.revision(), clock });
    await this.run('sessions', [sessionKeys, events, custom, sight]);

    const keys = new ServerKeys({
      sessionKeys,
      server: this.serverName,
      address: this.addresses.advertised,
      agentPort: flags.agentPort,
      clock,
      log,
    });
    const tokens = makeTokens({
      registry,
      cacheOf: (kind) => caches.of(kind),
      key: this.signingKey,
      clusterDomain: flags.clusterDomain,
      ...(await identitiesOf(flags, clock, log)),
      clock,
      newId: randomUUID,
    });
    const sessions = this.makeSessions({ pki, registry, caches, keys, sight, tokens });
    sessionKeys.onLost(() => sessions.cutOff());
    const join = await this.makeJoins(pki, store, etcd, keys);
    const leader = this.makeLeader({ table, tokens, pki, registry, caches, events, keys, sight, aggregation, nextId });
    this.metrics.observed('leader_election_master_status', 'Whether this server leads.', () =>
      Number(leader.isLeading),
    );
    const api = this.makeApi({
      table,
      codec,
      pki,
      store: objects,
      registry,
      caches,
      sessions,
      join,
      tokens,
      aggregation,
      audit,
    });
    const leases = new NodeLeases({ registry, connected: () => sessions.connected, clock, log });
    await this.run('serving', [
      keys,
      sessions,
      leases,
      webhooks,
      aggregation.served,
      api,
      this.campaign(store, leader),
    ]);
  }

  /** How nodes and further servers come in, with tokens of their own. */
  private async makeJoins(
    pki: Pki,
    store: EtcdStore,
    etcd: EtcdCluster | undefined,
    keys: ServerKeys,
  ): Promise<JoinOptions> {
    const { flags, clock } = this.options;
    const shared = { store, clock, directory: flags.dataDir, authorityHash: () => pki.authorityHash };
    const tokens = new JoinTokens({ ...shared, kind: 'node' });
    const serverTokens = new JoinTokens({ ...shared, kind: 'server' });
    await tokens.ensure();
    await serverTokens.ensure();
    const joins = new ServerJoins({ flags, etcd, isLive: (name) => keys.isLive(name), clock });
    return {
      tokens,
      isConnected: (nodeName) => keys.sessions.get(nodeName) !== undefined,
      signNode: (request, nodeName) => pki.signNode(request, nodeName),
      settings: () => ({ agentServers: keys.agentServers() }),
      servers: { tokens: serverTokens, admit: (message) => joins.admit(message) },
    };
  }

  private makeSessions(parts: {
    pki: Pki;
    registry: ResourceRegistry;
    caches: Caches;
    keys: ServerKeys;
    sight: ControlPlaneSight;
    tokens: Tokens;
  }): NodeSessions {
    const { pki, registry, caches, keys, sight, tokens } = parts;
    const { flags, clock, log } = this.options;
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

  private makeLeader(parts: {
    table: SchemaTable;
    tokens: Tokens;
    pki: Pki;
    registry: ResourceRegistry;
    caches: Caches;
    events: RegistryEventRecorder;
    keys: ServerKeys;
    sight: ControlPlaneSight;
    aggregation: Aggregation;
    nextId: () => string;
  }): Leader {
    const { flags, clock, log } = this.options;
    const { table, tokens, pki, registry, caches, events, keys, sight, aggregation, nextId } = parts;
    const leader: Leader = new Leader({
      registry,
      log,
      controllers: {
        registry: managedBy(registry, 'dure-controllers'),
        events,
        clock,
        log,
        nextId,
        metrics: queueMetrics(this.metrics),
        whenFresh: () => caches.whenFresh(),
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
        credentials: {
          signCertificate: (request) => pki.signForSigner(request),
          issueToken: (account, secretName) => tokens.accounts.issueLegacy(account, secretName),
        },
        mayHaveNodeCertificate: (user, subresource) =>
          mayHaveNodeCertificate(authorizersOf(registry), user, subresource),
        nodeGraceMilliseconds: flags.nodeGrace,
        fenceMilliseconds: flags.fence,
      },
      scheduler: {
        pods: caches.of(kinds.pods).view,
        nodes: caches.of(kinds.nodes).view,
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
        metrics: schedulerMetrics(this.metrics, () => leader.pending),
      },
    });
    return leader;
  }

  private makeApi(parts: {
    table: SchemaTable;
    codec: Codec;
    pki: Pki;
    store: Store;
    registry: ResourceRegistry;
    caches: Caches;
    sessions: NodeSessions;
    join: JoinOptions;
    tokens: Tokens;
    audit: AuditOptions | undefined;
    aggregation: Aggregation;
  }): ApiServer {
    const { flags, clock, log } = this.options;
    const { table, codec, pki, store, registry, caches, sessions, join, tokens, audit, aggregation } = parts;
    const address = (): string => new URL(this.addresses.apiUrl).host;
    return new ApiServer({
      api: { host: flags.bindAddress, port: flags.port },
      web: { host: flags.bindAddress, port: flags.webPort },
      certificates: pki,
      ...(audit ? { audit } : {}),
      handlers: {
        resources: registry,
        history: new StoreHistory({ store }),
        codec,
        protobuf: new Protobuf({ table }),
        strategic: new StrategicMerge({ table }),
        printer: { columns: columnDefinitions, cells: cellsOf },
        tunnels: sessions.tunnels,
        random: Math.random,
      },
      documents: (answered) =>
        apiDocuments({
          kinds: () => registry.served(),
          onChange: (listener) => registry.onChange(listener),
          answered,
          table,
          elsewhere: aggregation.served,
          address,
        }),
      address,
      elsewhere: aggregation.elsewhere,
      isElsewhere: (target) => aggregation.served.has(target),
      tokens,
      join,
      checks: [
        { name: 'etcd', liveness: false, check: async () => void (await store.revision()) },
        { name: 'caches', liveness: false, check: () => caches.whenFresh() },
        ...bootstrapChecks({ viewOf: (kind) => caches.of(kind).view, clock }),
      ],
      metrics: this.metrics,
      clock,
      log,
    });
  }

  private campaign(store: EtcdStore, leader: Leader): Component {
    const { clock, log } = this.options;
    const election = new LeaseElection({
      leases: store.leases,
      store,
      identity: this.serverName,
      clock,
      log,
      ttlSeconds: LEADER_TTL,
    });
    let campaign: { stop(): Promise<void> } | undefined;
    return {
      name: 'campaign',
      start() {
        campaign = election.campaign('leader', leader);
        return Promise.resolve();
      },
      stop: async () => campaign?.stop(),
    };
  }
}
