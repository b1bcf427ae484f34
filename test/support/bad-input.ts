/** A server to send bad input to, and what must hold whatever is sent. */
import assert from 'node:assert/strict';
import type { User } from '../../control-plane/user.ts';
import type { Log } from '../../lib/log.ts';
import { TestServer } from './api-server.ts';
import { adminAccess, RawClient, statusOf, type RawRequest } from './raw-requests.ts';

export const MAPS = '/api/v1/namespaces/default/configmaps';
export const PODS = '/api/v1/namespaces/default/pods';
export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
export const PATCH_TYPE = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;
const TOKENS = new Map<string, User>([['secret-token', { name: 'somebody', groups: [] }]]);

export type Refusal = readonly [
  what: string,
  path: string,
  request: RawRequest,
  code: number,
  reason: string,
  words: RegExp,
];

export function post(
  body: string | Uint8Array | object,
  type = JSON_TYPE,
  headers: Record<string, string> = {},
): RawRequest {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return { method: 'POST', body: bytes, headers: { 'content-type': type, ...headers } };
}

export function put(body: object): RawRequest {
  return { ...post(body), method: 'PUT' };
}

export function patch(type: string, body: unknown): RawRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method: 'PATCH', body: text, headers: { 'content-type': type } };
}

export function configMap(name: string, more: object = {}): object {
  return { metadata: { name }, ...more };
}

export function pod(name: string, spec: object = {}): object {
  return { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } };
}

/** Keeps every line, with all that an error carries. */
class LineLog implements Log {
  readonly lines: string[] = [];
  readonly debug = this.line('debug');
  readonly info = this.line('info');
  readonly warn = this.line('warn');
  readonly error = this.line('error');

  child(): Log {
    return this;
  }

  private line(level: string): (fields: object, message: string) => void {
    return (fields, message) => {
      const plain = (_key: string, value: unknown): unknown =>
        value instanceof Error ? { ...Object.fromEntries(Object.entries(value)), stack: value.stack } : value;
      this.lines.push(JSON.stringify({ level, ...fields, message }, plain));
    };
  }
}

/** Call {@link use} inside of a suite; the server lives as long as that. It holds a config map named `kept`. */
export class BadInputTarget {
  readonly log = new LineLog();
  server!: TestServer;
  client!: RawClient;

  static use(): BadInputTarget {
    const target = new BadInputTarget();
    before(() => target.start());
    after(() => target.stop());
    afterEach(() => {
      const errors = target.log.lines.filter((line) => line.startsWith('{"level":"error"'));
      assert.deepEqual(errors, [], 'nothing that a client sends is an error of the server');
    });
    return target;
  }

  /** One test each: it is refused so, and nothing is stored. */
  refuses(refusals: readonly Refusal[]): void {
    for (const [what, path, request, code, reason, words] of refusals) {
      it(what, async () => {
        const answer = await this.unchanged(() => this.client.ask(path, request));
        const status = statusOf(answer);
        assert.equal(answer.code, code, answer.text.slice(0, 300));
        assert.deepEqual([status.status, status.code, status.reason], ['Failure', code, reason]);
        assert.match(status.message ?? '', words);
        assert.ok(answer.text.length < 100_000, 'the answer is not long');
      });
    }
  }

  async unchanged<T>(act: () => Promise<T>): Promise<T> {
    const before = await this.stored();
    const result = await act();
    assert.deepEqual(await this.stored(), before, 'the store has changed');
    return result;
  }

  private async stored(): Promise<unknown> {
    const { entries, revision } = await this.server.store.list('/');
    return { revision, entries: entries.map(({ key, value, revision: at }) => [key, at, value.toString()]) };
  }

  private async start(): Promise<void> {
    this.server = await TestServer.start({ tokens: TOKENS, log: this.log });
    this.client = new RawClient(await adminAccess(this.server));
    const { code } = await this.client.ask(MAPS, post(configMap('kept', { data: { a: '1', list: 'x' } })));
    assert.equal(code, 201);
  }

  private async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}
