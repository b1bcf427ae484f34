/** etcd3 enters the project in this folder. Its retries and circuit breaker are replaced by ours, its watcher is not used. */
import { readFileSync } from 'node:fs';
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { Etcd3, type IOptions } from 'etcd3';

export interface EtcdTls {
  /** Files in PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface EtcdClientOptions {
  /** Such as `https://10.0.0.1:2379`. A call goes to any of them. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  /**
   * The name that the certificate of each endpoint is made for. Calls go to the first endpoint that can be reached then;
   * those at IPv6 addresses are left out.
   */
  readonly serverName?: string;
  /** Milliseconds after which a call is given up. */
  readonly requestTimeout?: number;
}

export const DEFAULT_REQUEST_TIMEOUT = 5_000;

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

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

export function connect(options: EtcdClientOptions): Etcd3 {
  const { endpoints, tls, serverName, requestTimeout = DEFAULT_REQUEST_TIMEOUT } = options;
  return new Etcd3({
    hosts: serverName === undefined ? [...endpoints] : [inOrder(endpoints)],
    ...(tls ? { credentials: credentialsOf(tls) } : {}),
    faultHandling: { global: callOnce, host: () => callOnce },
    grpcOptions: {
      ...(serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName }),
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

/** As gRPC writes a target with several addresses, of one family, of which it uses the first that it can connect to. */
function inOrder(endpoints: readonly string[]): string {
  const addresses = endpoints.map((endpoint) => endpoint.replace(/^https?:\/\//, ''));
  return `ipv4:${addresses.filter((address) => !address.startsWith('[')).join(',')}`;
}

function credentialsOf({ ca, cert, key }: EtcdTls): NonNullable<IOptions['credentials']> {
  return { rootCertificate: readFileSync(ca), certChain: readFileSync(cert), privateKey: readFileSync(key) };
}
