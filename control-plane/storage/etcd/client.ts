/** etcd3 enters the project in this folder. Its retries and circuit breaker are replaced by ours, its watcher is not used. */
import { readFileSync } from 'node:fs';
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { Etcd3, type IOptions } from 'etcd3';
import type { Clock } from '../../../lib/clock.ts';
import { Members, type Policy } from './members.ts';
import { orderedTarget, type OrderedEndpoints } from './ordered-endpoints.ts';

export interface EtcdTls {
  /** Files in PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface EtcdClientOptions {
  /** Such as `https://10.0.0.1:2379`. A call goes to any of them. */
  readonly endpoints: readonly string[] | OrderedEndpoints;
  readonly tls?: EtcdTls;
  /** Milliseconds after which a call is given up. */
  readonly requestTimeout?: number;
}

export const DEFAULT_REQUEST_TIMEOUT = 5_000;

const PROBE_TIMEOUT = 1_000;

/** Calls once and lets the error through: what is safe to repeat is known where the call is made. */
const callOnce = {
  execute: async (call: (context: { signal: AbortSignal }) => unknown) =>
    call({ signal: new AbortController().signal }),
} as unknown as Policy;

/** A stream to a member that is cut off from its cluster's leader would go on, told of nothing: etcd ends it instead. */
const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      metadata.set('hasleader', 'true');
      next(metadata, listener);
    },
  });

export interface EtcdConnection {
  readonly client: Etcd3;
  /** Those that the client chooses among; none where the order of the endpoints does. */
  readonly members: Members;
}

export function connect(options: EtcdClientOptions, clock: Clock): EtcdConnection {
  const { endpoints } = options;
  if ('list' in endpoints) {
    const { target, options: grpcOptions } = orderedTarget(endpoints);
    const members = new Members({ endpoints: [], probe: (endpoint) => probe(options, endpoint), clock });
    return { client: clientOf(options, { hosts: [target], grpcOptions }), members };
  }
  const members = new Members({ endpoints, probe: (endpoint) => probe(options, endpoint), clock });
  const host = (endpoint: string): Policy => members.policyOf(endpoint);
  return { client: clientOf(options, { hosts: [...endpoints], host }), members };
}

/** Over a connection of its own: one that was made before may still wait for a member that has been away. */
async function probe(options: EtcdClientOptions, endpoint: string): Promise<void> {
  const client = clientOf({ ...options, requestTimeout: PROBE_TIMEOUT }, { hosts: [endpoint] });
  try {
    await client.kv.range({ key: Buffer.from([0]), count_only: true, limit: 1 });
  } finally {
    client.close();
  }
}

interface Hosts {
  readonly hosts: string[];
  readonly host?: (endpoint: string) => Policy;
  readonly grpcOptions?: IOptions['grpcOptions'];
}

function clientOf(options: EtcdClientOptions, { hosts, host = () => callOnce, grpcOptions }: Hosts): Etcd3 {
  const { tls, requestTimeout = DEFAULT_REQUEST_TIMEOUT } = options;
  return new Etcd3({
    hosts,
    ...(tls ? { credentials: credentialsOf(tls) } : {}),
    faultHandling: { global: callOnce, host },
    grpcOptions: {
      ...grpcOptions,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
    },
    defaultCallOptions: (context) =>
      context.isStream ? { interceptors: [requireLeader] } : { deadline: Date.now() + requestTimeout },
  });
}

function credentialsOf({ ca, cert, key }: EtcdTls): NonNullable<IOptions['credentials']> {
  return { rootCertificate: readFileSync(ca), certChain: readFileSync(cert), privateKey: readFileSync(key) };
}
