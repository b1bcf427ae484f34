/** The API of a server. */
import { StrategicMerge } from '../../api/patch/strategic.ts';
import { cellsOf, columnDefinitions } from '../../api/printing/table.ts';
import { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import { StoreHistory } from '../handlers/history.ts';
import { ApiServer } from '../server/api-server.ts';
import { apiDocuments } from '../server/documents.ts';
import type { Election } from '../storage/coordination.ts';
import { bootstrapChecks } from './bootstrap-checks.ts';
import { requireLeader } from './leading.ts';
import type { Basics, Parts } from './parts.ts';

type Needed = Basics &
  Pick<
    Parts,
    | 'table'
    | 'codec'
    | 'pki'
    | 'objects'
    | 'registry'
    | 'caches'
    | 'sessions'
    | 'join'
    | 'tokens'
    | 'audit'
    | 'aggregation'
  > & { readonly election: Election };

export function makeApi(parts: Needed): ApiServer {
  const {
    flags,
    clock,
    log,
    metrics,
    addresses,
    table,
    codec,
    pki,
    objects: store,
    registry,
    caches,
    sessions,
    join,
    tokens,
    audit,
    aggregation,
    election,
  } = parts;
  const address = (): string => new URL(addresses.apiUrl).host;
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
    components: [
      // One program: they work as long as some server leads.
      { name: 'scheduler', check: () => requireLeader(election) },
      { name: 'controller-manager', check: () => requireLeader(election) },
      { name: 'etcd-0', check: async () => void (await store.revision()) },
    ],
    metrics: metrics,
    clock,
    log,
  });
}
