/** One gRPC connection to the runtime's unix socket. grpc-js enters the runtime's folder here only. */
import * as grpc from '@grpc/grpc-js';
import type { Protocol } from '../../lib/protocol.ts';
import { RuntimeError } from './port.ts';

const CHANNEL_OPTIONS = {
  // A restarted runtime is found again within a second: the default waits up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.max_receive_message_length': 16 << 20,
  'grpc.use_local_subchannel_pool': 1,
};

const ERROR_CODES = new Map<grpc.status, RuntimeError['code']>([
  [grpc.status.NOT_FOUND, 'NotFound'],
  [grpc.status.UNAVAILABLE, 'Unavailable'],
  [grpc.status.DEADLINE_EXCEEDED, 'DeadlineExceeded'],
  [grpc.status.ALREADY_EXISTS, 'AlreadyExists'],
]);

export class RuntimeConnection {
  private readonly client: grpc.Client;
  private readonly protocol: Protocol;

  constructor(socket: string, protocol: Protocol) {
    this.client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    this.protocol = protocol;
  }

  /** `method` is `package.Service/Method`. Rejects with {@link RuntimeError}. */
  call<T>(
    method: string,
    request: object,
    timeoutMilliseconds: number,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const { path, requestSerialize, responseDeserialize } = this.protocol.method(method);
    const options = { deadline: Date.now() + timeoutMilliseconds };
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata(headers),
        options,
        (error, response) => {
          if (error) reject(toRuntimeError(error));
          else resolve(response as T);
        },
      );
    });
  }

  /** A stream of messages, without a deadline: whoever opens it cancels it. */
  open(method: string, request: object): grpc.ClientReadableStream<unknown> {
    const { path, requestSerialize, responseDeserialize } = this.protocol.method(method);
    return this.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  }

  close(): void {
    this.client.close();
  }
}

function metadata(headers: Record<string, string>): grpc.Metadata {
  const result = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) result.set(name, value);
  return result;
}

export function toRuntimeError(error: grpc.ServiceError): RuntimeError {
  // A name that is taken has no code of its own in containerd.
  const taken = /is reserved for/.test(error.details);
  const code = taken ? 'AlreadyExists' : (ERROR_CODES.get(error.code) ?? 'Other');
  return new RuntimeError(code, error.details || error.message, { cause: error });
}
