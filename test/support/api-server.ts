/** A whole API server on a store in memory, with its own authority, on free ports of this machine. */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SchemaTypes } from '../../api/apply/schema-types.ts';
import { serviceUnavailable } from '../../api/errors.ts';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { StrategicMerge } from '../../api/patch/strategic.ts';
import { cellsOf, columnDefinitions } from '../../api/printing/table.ts';
import { Codec } from '../../api/schema/codec.ts';
import { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import { loadSchemaTable } from '../../api/schema/table.ts';
import { composeAdmission } from '../../control-plane/admission/compose.ts';
import { dynamicAdmission } from '../../control-plane/admission/dynamic.ts';
import { type Aggregation, makeAggregation } from '../../control-plane/aggregation/compose.ts';
import type { AuditOptions } from '../../control-plane/audit/layers.ts';
import { authorizersOf } from '../../control-plane/auth/authorizers.ts';
import { DEFAULT_CLUSTER_ROLE_BINDINGS, DEFAULT_CLUSTER_ROLES } from '../../control-plane/auth/rbac/defaults/policy.ts';
import { makeTokens, type Tokens, type TokensOptions } from '../../control-plane/auth/tokens/all.ts';
import { SigningKey } from '../../control-plane/auth/tokens/signing-key.ts';
import { indexesOf } from '../../control-plane/controllers/indexes.ts';
import { customResources } from '../../control-plane/custom-resources/compose.ts';
import type { CustomResources } from '../../control-plane/custom-resources/custom-resources.ts';
import { StoreHistory } from '../../control-plane/handlers/history.ts';
import type { NodeTunnels } from '../../control-plane/nodes/port.ts';
import { Caches } from '../../control-plane/registry/caches.ts';
import { ResourceRegistry } from '../../control-plane/registry/registry.ts';
import { ApiServer, type ApiServerOptions } from '../../control-plane/server/api-server.ts';
import { apiDocuments } from '../../control-plane/server/documents.ts';
import { JoinTokens } from '../../control-plane/server/join-tokens.ts';
import { Pki } from '../../control-plane/server/pki.ts';
import { MemoryStore } from '../../control-plane/storage/memory.ts';
import type { Store } from '../../control-plane/storage/port.ts';
import type { User } from '../../control-plane/user.ts';
import { webhookClient } from '../../control-plane/webhooks/client.ts';
import { systemClock } from '../../lib/clock.ts';
import { ComponentGroup, type Component } from '../../lib/component.ts';
import { silentLog, type Log } from '../../lib/log.ts';
import { Metrics } from '../../lib/metrics.ts';

const NAMESPACES = ['default', 'kube-system'];

export interface TestServerOptions {
  readonly store?: Store;
  readonly tunnels?: NodeTunnels;
  readonly tokens?: ReadonlyMap<string, User>;
  /** Further ways to know a token. */
  readonly verifiers?: TokensOptions['others'];
  /** Whether there are the default roles; always when there are tokens. */
  readonly roles?: boolean;
  readonly audit?: AuditOptions;
  /** Webhooks by URL are refused on this machine, as by a real server. */
  readonly guardWebhooks?: boolean;
  /** Of which componentstatuses tell. */
  readonly components?: ApiServerOptions['components'];
  readonly log?: Log;
}

/** Nodes that nobody can reach. */
const unreachable: NodeTunnels = {
  open: (node) => Promise.reject(serviceUnavailable(`node "${node}" has no session`)),
};

export class TestServer {
  readonly store: Store;
  readonly registry: ResourceRegistry;
  readonly pki: Pki;
  readonly tokens: JoinTokens;
  /** Whose bearer tokens are, and who makes them. */
  readonly identity: Tokens;
  /** Names of nodes whose agents are taken for connected. */
  readonly connectedNodes = new Set<string>();
  readonly metrics = new Metrics();
  readonly aggregation: Aggregation;
  private readonly directory: string;
  private readonly group: Component;
  private readonly api: ApiServer;
  private readonly custom: CustomResources;
  private readonly caches: Caches;

  private constructor(directory: string, options: TestServerOptions) {
    const log = options.log ?? silentLog;
    const clock = systemClock;
    this.directory = directory;
    this.store = options.store ?? new MemoryStore({ clock });
    const caches = new Caches({ store: this.store, clock, log, metrics: this.metrics, indexesOf });
    this.caches = caches;
    const table = loadSchemaTable();
    const codec = new Codec({ table });
    const outward = {
      tunnels: options.tunnels ?? unreachable,
      viewOf: <T extends KubeObject>(kind: Kind<T>) => caches.of(kind).view,
      random: Math.random,
      clock,
    };
    const webhooks = webhookClient({ ...outward, allowSpecial: options.guardWebhooks !== true });
    this.aggregation = makeAggregation({ ...outward, log, frontProxy: () => this.pki.frontProxyKeyPair });
    const random = (bound: number): number => randomInt(bound);
    this.registry = new ResourceRegistry({
      types: new SchemaTypes({ table, codec }),
      store: this.store,
      cacheOf: (kind) => caches.of(kind),
      clock,
      log,
      newUid: () => randomUUID(),
      random,
      serviceCidr: '10.96.0.0/16',
      admission: (registry) =>
        composeAdmission({
          registry,
          clock,
          random,
          further: dynamicAdmission({
            viewOf: (kind) => caches.of(kind).view,
            registry,
            authorizers: authorizersOf(registry),
            client: webhooks,
            codec,
            newUid: () => randomUUID(),
            log,
          }),
        }),
    });
    this.pki = new Pki({
      directory,
      dnsNames: [],
      addresses: [],
      clusterDomain: 'cluster.local',
      serviceAddress: '10.96.0.1',
      url: () => this.url,
      clock,
      log,
    });
    this.tokens = new JoinTokens({
      store: this.store,
      clock,
      directory,
      authorityHash: () => this.pki.authorityHash,
    });
    const key = new SigningKey({ file: path.join(directory, 'sa.key') });
    this.identity = makeTokens({
      registry: this.registry,
      cacheOf: (kind) => caches.of(kind),
      key,
      clusterDomain: 'cluster.local',
      users: options.tokens ?? new Map(),
      ...(options.verifiers ? { others: options.verifiers } : {}),
      clock,
      newId: () => randomUUID(),
    });
    const address = (): string => new URL(this.url).host;
    this.api = new ApiServer({
      api: { host: '127.0.0.1', port: 0 },
      web: { host: '127.0.0.1', port: 0 },
      certificates: this.pki,
      handlers: {
        resources: this.registry,
        history: new StoreHistory({ store: this.store }),
        codec,
        protobuf: new Protobuf({ table }),
        strategic: new StrategicMerge({ table }),
        printer: { columns: columnDefinitions, cells: cellsOf },
        tunnels: options.tunnels ?? unreachable,
        random: Math.random,
      },
      documents: (answered) =>
        apiDocuments({
          kinds: () => this.registry.served(),
          onChange: (listener) => this.registry.onChange(listener),
          answered,
          table,
          elsewhere: this.aggregation.served,
          address,
        }),
      address,
      elsewhere: this.aggregation.elsewhere,
      isElsewhere: (target) => this.aggregation.served.has(target),
      tokens: this.identity,
      ...(options.audit ? { audit: options.audit } : {}),
      join: {
        tokens: this.tokens,
        isConnected: (nodeName) => this.connectedNodes.has(nodeName),
        signNode: (request, nodeName) => this.pki.signNode(request, nodeName),
        settings: () => ({ servers: [this.url] }),
      },
      checks: [],
      components: options.components ?? [],
      metrics: this.metrics,
      clock,
      log,
    });
    this.custom = customResources({
      registry: this.registry,
      caches,
      codec,
      log,
      webhooks,
      newUid: () => randomUUID(),
    });
    this.group = new ComponentGroup('test server', [
      this.pki,
      key,
      caches,
      webhooks,
      this.custom,
      this.aggregation.connections,
      this.aggregation.served,
      this.api,
    ]);
  }

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(await mkdtemp(path.join(tmpdir(), 'dure-api-')), options);
    await server.group.start();
    // The kubeconfig names the port, which is known only now.
    await server.pki.renew();
    await server.tokens.ensure();
    for (const name of NAMESPACES) await server.addNamespace(name);
    if (options.tokens ?? options.roles) await server.addDefaultRoles();
    return server;
  }

  /** Resolves once the caches hold all that has been written, and what has been defined is served. */
  async whenFresh(): Promise<void> {
    await this.custom.whenFresh();
    await this.caches.whenFresh();
  }

  async stop(): Promise<void> {
    await this.group.stop();
    await rm(this.directory, { recursive: true });
  }

  get url(): string {
    return `https://127.0.0.1:${this.api.ports.api}`;
  }

  get webUrl(): string {
    return `https://127.0.0.1:${this.api.ports.web}`;
  }

  /** Of the administrator. */
  get kubeconfig(): string {
    return this.pki.adminKubeconfig;
  }

  /** What the leader of a cluster makes; aggregated roles stay empty. */
  private async addDefaultRoles(): Promise<void> {
    const { clusterroles, clusterrolebindings } = kinds;
    for (const role of DEFAULT_CLUSTER_ROLES) await this.registry.resource(clusterroles).create(role);
    for (const binding of DEFAULT_CLUSTER_ROLE_BINDINGS)
      await this.registry.resource(clusterrolebindings).create(binding);
    await this.registry.resource(clusterroles).cache.whenFresh();
    await this.registry.resource(clusterrolebindings).cache.whenFresh();
  }

  /** With the service account that pods in it run as. */
  async addNamespace(name: string): Promise<void> {
    const namespaces = this.registry.resource(kinds.namespaces);
    await namespaces.create({ metadata: { name } } as Parameters<typeof namespaces.create>[0]);
    await this.registry.resource(kinds.serviceaccounts).create({ metadata: { name: 'default', namespace: name } });
  }
}
