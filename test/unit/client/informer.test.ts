import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Informer } from '../../../lib/client/informer.ts';
import type { ListOf, Query, RestClient } from '../../../lib/client/rest.ts';
import type { Versioned } from '../../../lib/client/watch.ts';
import { FakeClock } from '../../../lib/clock.ts';

function object(name: string, resourceVersion: string): Versioned {
  return { metadata: { namespace: 'n', name, resourceVersion } };
}

/** A server whose answers are given one after the other. */
class ScriptedServer {
  readonly lists: ListOf<Versioned>[] = [];
  /** The lines of each watch; the watch ends after them unless it is the last. */
  readonly watches: object[][] = [];
  readonly asked: (string | undefined)[] = [];

  list(): Promise<ListOf<Versioned>> {
    const next = this.lists.shift();
    this.asked.push('list');
    return next ? Promise.resolve(next) : Promise.reject(new Error('no more lists'));
  }

  open(_path: string, { query, signal }: { query?: Query; signal?: AbortSignal }): Promise<{ body: Readable }> {
    this.asked.push(String(query?.['resourceVersion']));
    const lines = (this.watches.shift() ?? []).map((event) => `${JSON.stringify(event)}\n`);
    const isLast = this.watches.length === 0;
    const body = new Readable({ read() {} });
    signal?.addEventListener('abort', () => body.destroy(signal.reason as Error));
    // In pieces that are no lines.
    for (const piece of lines.join('').match(/[^]{1,7}/g) ?? []) body.push(Buffer.from(piece));
    if (!isLast) body.push(null);
    return Promise.resolve({ body });
  }
}

describe('an informer', () => {
  it('resumes where a watch ended, and lists again when that place is gone', async () => {
    const server = new ScriptedServer();
    server.lists.push(
      { metadata: { resourceVersion: '5' }, items: [object('a', '3'), object('b', '4')] },
      { metadata: { resourceVersion: '20' }, items: [object('a', '3'), object('d', '19')] },
    );
    server.watches.push(
      [
        { type: 'ADDED', object: object('c', '6') },
        { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
      ],
      [{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }],
      [{ type: 'DELETED', object: object('d', '21') }],
    );
    const clock = new FakeClock();
    const errors: string[] = [];
    const informer = new Informer<Versioned>({
      client: server as unknown as RestClient,
      path: '/objects',
      clock,
      onError: (error) => errors.push((error as Error).message),
    });
    const changes: string[] = [];
    const last = Promise.withResolvers<void>();
    informer.subscribe(({ type, key }) => {
      changes.push(`${type} ${key}`);
      if (type === 'deleted' && key === 'n/d') last.resolve();
    });
    await informer.start();
    // Whatever it waits for between two questions has passed.
    const ticking = setInterval(() => clock.advance(10_000), 1);
    await last.promise;
    clearInterval(ticking);
    assert.deepEqual(server.asked, ['list', '5', '9', 'list', '20']);
    assert.deepEqual(errors, ['too old']);
    assert.deepEqual(changes, [
      'added n/a',
      'added n/b',
      'added n/c',
      'deleted n/b',
      'deleted n/c',
      'added n/d',
      'deleted n/d',
    ]);
    await informer.stop();
  });
});
