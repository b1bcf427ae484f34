/** Requests to an API server for benches: sent by so many clients at a time, their answers drained and not read. */
import { once } from 'node:events';
import { percentilesOf, processorMilliseconds, rounded } from './measure.ts';
import type { ServerProcess } from './server-process.ts';
import { Connection, readAll } from '../../lib/client/connection.ts';
import { systemClock } from '../../lib/clock.ts';

export const PODS_PATH = '/api/v1/namespaces/default/pods';
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const ANSWER_LIMIT_BYTES = 1 << 30;

export interface Call {
  readonly path: string;
  /** GET when absent. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: object;
  /** Of the body: JSON when absent. */
  readonly type?: string;
  /** JSON when absent. */
  readonly accept?: string;
  /** Whether a large answer may be compressed. */
  readonly gzip?: boolean;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Measured {
  readonly clients: number;
  readonly perSecond: number;
  readonly milliseconds: ReturnType<typeof percentilesOf>;
  /** Of one answer, uncompressed and on average. */
  readonly bytes: number;
  /** Processor time that one request took, in milliseconds, whatever else they did meanwhile included. */
  readonly processorMilliseconds: { readonly server: number; readonly etcd: number };
}

/** What is to be known of the server. */
type Loaded = Pick<ServerProcess, 'pid' | 'etcdPid' | 'access'>;

export class ApiLoad {
  private readonly server: Loaded;
  private readonly connection: Connection;

  constructor(server: Loaded) {
    this.server = server;
    this.connection = new Connection({ access: server.access, clock: systemClock });
  }

  close(): void {
    this.connection.close();
  }

  /** Bytes of the answer. Rejects when it is a refusal. */
  async send(call: Call): Promise<number> {
    const { body, code } = await this.request(call);
    if (code >= 400) throw new Error(`${call.path}: ${code} ${String(await readAll(body, ANSWER_LIMIT_BYTES))}`);
    let bytes = 0;
    body.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await once(body, 'end');
    return bytes;
  }

  async read<T>(call: Call): Promise<T> {
    return JSON.parse(String(await this.readBytes(call))) as T;
  }

  async readBytes(call: Call): Promise<Buffer> {
    const { body } = await this.request(call);
    return readAll(body, ANSWER_LIMIT_BYTES);
  }

  /** The headers of the answer. */
  async headers(call: Call): Promise<Readonly<Record<string, unknown>>> {
    const { body, headers } = await this.request(call);
    await readAll(body, ANSWER_LIMIT_BYTES);
    return headers;
  }

  /** Makes `count` calls, `clients` at a time. */
  async measured(count: number, clients: number, callOf: (number: number) => Call): Promise<Measured> {
    const { pid, etcdPid } = this.server;
    const latencies: number[] = [];
    let bytes = 0;
    const used = [processorMilliseconds(pid), processorMilliseconds(etcdPid)] as const;
    const begun = performance.now();
    await inParallel(count, clients, async (number) => {
      const sent = performance.now();
      const answer = await this.send(callOf(number));
      bytes += answer;
      latencies.push(performance.now() - sent);
    });
    const seconds = (performance.now() - begun) / 1000;
    return {
      clients,
      perSecond: rounded(count / seconds),
      milliseconds: percentilesOf(latencies),
      bytes: Math.round(bytes / count),
      processorMilliseconds: {
        server: rounded((processorMilliseconds(pid) - used[0]) / count),
        etcd: rounded((processorMilliseconds(etcdPid) - used[1]) / count),
      },
    };
  }

  private request({ method = 'GET', path, body, type = 'application/json', accept, gzip, headers }: Call) {
    return this.connection.request({
      method,
      path,
      headers: {
        accept: accept ?? 'application/json',
        'accept-encoding': gzip ? 'gzip' : 'identity',
        'user-agent': 'bench',
        ...(body ? { 'content-type': type } : {}),
        ...headers,
      },
      ...(body ? { body: Buffer.from(JSON.stringify(body)) } : {}),
    });
  }
}

/** Calls `work` with 0 to `count` - 1, so many at a time. */
export async function inParallel(
  count: number,
  clients: number,
  work: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      await work(number);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** A pod that nobody schedules: only the API is measured. */
export function idlePod(name: string, annotations: Readonly<Record<string, string>> = {}): object {
  const resources = { requests: { cpu: '100m', memory: '128Mi' } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' }, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'app:1', resources }] },
  };
}

/** Creates the pods `pod-FROM` to `pod-(TO - 1)` in the namespace default. */
export async function createPods(load: ApiLoad, from: number, to: number, clients: number): Promise<Measured> {
  return load.measured(to - from, clients, (number) => ({
    method: 'POST',
    path: PODS_PATH,
    body: idlePod(`pod-${from + number}`),
  }));
}
