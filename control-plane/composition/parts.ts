/** Everything that a server is made of, by the names that its makers know it by. */
import type { Codec } from '../../api/schema/codec.ts';
import type { SchemaTable } from '../../api/schema/table.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Addresses } from '../addresses.ts';
import type { Aggregation } from '../aggregation/compose.ts';
import type { AuditOptions } from '../audit/layers.ts';
import type { Tokens } from '../auth/tokens/all.ts';
import type { RegistryEventRecorder } from '../events/recorder.ts';
import type { ServerFlags } from '../flags.ts';
import type { NodeSessions } from '../nodes/sessions.ts';
import type { Caches } from '../registry/caches.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import type { Pki } from '../server/pki.ts';
import type { JoinOptions } from '../server/web.ts';
import type { EtcdCluster } from '../storage/etcd-cluster.ts';
import type { EtcdStore } from '../storage/etcd/store.ts';
import type { Store } from '../storage/port.ts';
import type { WebhookClient } from '../webhooks/client.ts';
import type { ServerKeys } from './server-keys.ts';
import type { ControlPlaneSight } from './sight.ts';

/** What every part may ask for. */
export interface Basics {
  readonly flags: ServerFlags;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly addresses: Addresses;
  /** The name of this server among the servers. */
  readonly serverName: string;
}

export interface Parts extends Basics {
  readonly table: SchemaTable;
  readonly codec: Codec;
  readonly pki: Pki;
  /** As it is stored; for leases, elections and tokens. */
  readonly store: EtcdStore;
  /** The same store as objects are kept in it, some of them encrypted. */
  readonly objects: Store;
  readonly etcd: EtcdCluster | undefined;
  readonly caches: Caches;
  readonly registry: ResourceRegistry;
  readonly webhooks: WebhookClient;
  readonly aggregation: Aggregation;
  readonly events: RegistryEventRecorder;
  readonly keys: ServerKeys;
  readonly sight: ControlPlaneSight;
  readonly tokens: Tokens;
  readonly sessions: NodeSessions;
  readonly join: JoinOptions;
  readonly audit: AuditOptions | undefined;
  /** A fresh suffix for a generated name. */
  readonly nextId: () => string;
}
