/** An edge: asks a program by gRPC whether it serves (grpc.health.v1.Health/Check), on a connection of its own. */
import * as grpc from '@grpc/grpc-js';

export interface GrpcTarget {
  host: string;
  port: number;
  /** '' asks for the program as a whole. */
  service: string;
  timeoutSeconds: number;
  userAgent: string;
}

const METHOD = '/grpc.health.v1.Health/Check';
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const MAX_ANSWER = 64 * 1024;
/** Field 1, length-delimited: the service's name. */
const SERVICE_TAG = 0x0a;
/** Field 1, a number: the status. */
const STATUS_TAG = 0x08;

/** Rejects with the reason in the words that users know from Kubernetes' probes. */
export async function grpcHealth(target: GrpcTarget): Promise<void> {
  const { timeoutSeconds } = target;
  const address = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const deadline = Date.now() + timeoutSeconds * 1000;
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.primary_user_agent': target.userAgent,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_receive_message_length': MAX_ANSWER,
    'grpc.enable_http_proxy': 0,
  });
  try {
    await ready(client, deadline, `timeout: failed to connect service "${address}" within ${timeoutSeconds}s`);
    const status = await check(client, deadline, target);
    if (status !== 'SERVING') throw new Error(`service unhealthy (responded with "${status}")`);
  } finally {
    client.close();
  }
}

function ready(client: grpc.Client, deadline: number, complaint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(deadline, (error) => {
      if (error) reject(new Error(`${complaint}: context deadline exceeded`, { cause: error }));
      else resolve();
    });
  });
}

function check(client: grpc.Client, deadline: number, { service, timeoutSeconds }: GrpcTarget): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(METHOD, encode, decode, service, { deadline }, (error, status) => {
      if (error) reject(new Error(explain(error, timeoutSeconds), { cause: error }));
      else resolve(STATUSES[status ?? 0] ?? String(status));
    });
  });
}

function explain({ code, details }: grpc.ServiceError, timeoutSeconds: number): string {
  if (code === grpc.status.UNIMPLEMENTED) {
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`;
  }
  if (code === grpc.status.DEADLINE_EXCEEDED) return `timeout: health rpc did not complete within ${timeoutSeconds}s`;
  return `error: health rpc probe failed: rpc error: code = ${codeName(code)} desc = ${details}`;
}

/** NOT_FOUND is `NotFound` to who reads the messages of Go programs. */
function codeName(code: grpc.status): string {
  return (grpc.status[code] ?? String(code))
    .toLowerCase()
    .replaceAll(/(?:^|_)([a-z])/g, (_, first: string) => first.toUpperCase());
}

function encode(service: string): Buffer {
  const text = Buffer.from(service);
  const length: number[] = [];
  for (let rest = text.length; rest > 0; rest >>>= 7) length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
  return text.length === 0 ? text : Buffer.concat([Buffer.from([SERVICE_TAG, ...length]), text]);
}

/** An answer without a status says UNKNOWN, which is 0. */
function decode(bytes: Buffer): number {
  return bytes[0] === STATUS_TAG ? (bytes[1] ?? 0) : 0;
}
