import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import {
  type Store,
  StoreFullError,
  StoreLimitError,
  UnavailableError,
  UnknownOutcomeError,
  type Write,
  type WriteResult,
} from '../../../control-plane/storage/port.ts';
import { startRegistry } from './harness.ts';

/** A store whose writes under /registry/core/configmaps/ go wrong in the way the test wants. */
function failing(fault: (write: Write, inner: Store) => Promise<WriteResult>): (store: Store) => Store {
  return (store) =>
    new Proxy(store, {
      get: (target, name) => {
        if (name === 'write') {
          return (write: Write) => (write.key.includes('/configmaps/') ? fault(write, target) : target.write(write));
        }
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
}

const map = (data: Record<string, string>) => ({ metadata: { name: 'm', namespace: 'default' }, data });

describe('registry: a store that fails', () => {
  it('takes a create for done that landed though its answer was lost', async () => {
    let lost = 0;
    const wrap = failing(async (write, inner) => {
      const result = await inner.write(write);
      if (lost++ === 0) throw new UnknownOutcomeError('reset');
      return result;
    });
    const { registry, stop } = await startRegistry({ wrap });
    const maps = registry.resource(kinds.configmaps);
    const made = await maps.create(map({ a: '1' }));
    assert.deepEqual(await maps.get('default', 'm'), made);
    assert.equal(lost, 2);
    await stop();
  });

  it('sends a write again that was lost before it landed', async () => {
    let lost = 0;
    const wrap = failing((write, inner) => {
      if (lost++ === 0) throw new UnknownOutcomeError('reset');
      return inner.write(write);
    });
    const { registry, stop } = await startRegistry({ wrap });
    const made = await registry.resource(kinds.configmaps).create(map({ a: '1' }));
    assert.equal((await registry.resource(kinds.configmaps).get('default', 'm')).metadata.uid, made.metadata.uid);
    await stop();
  });

  it('does not take the object of another for its own', async () => {
    let first = true;
    const wrap = failing(async (write, inner) => {
      if (!first) return inner.write(write);
      first = false;
      const rival = { metadata: { name: 'm', namespace: 'default', uid: 'rival' } };
      await inner.write({ ...write, value: Buffer.from(JSON.stringify(rival)) });
      throw new UnknownOutcomeError('reset');
    });
    const { registry, stop } = await startRegistry({ wrap });
    await assert.rejects(registry.resource(kinds.configmaps).create(map({})), { reason: 'AlreadyExists' });
    await stop();
  });

  it('takes a delete for done whose object is gone', async () => {
    let fail = false;
    const wrap = failing(async (write, inner) => {
      const result = await inner.write(write);
      if (!fail) return result;
      fail = false;
      throw new UnknownOutcomeError('reset');
    });
    const { registry, stop } = await startRegistry({ wrap });
    const maps = registry.resource(kinds.configmaps);
    await maps.create(map({}));
    fail = true;
    assert.equal((await maps.remove('default', 'm')).removed, true);
    await stop();
  });

  it('says in the end that it does not know, that it can not, or that it is too much', async () => {
    const faults: [Error, string, number][] = [
      [new UnknownOutcomeError('reset'), 'Timeout', 504],
      [new UnavailableError('down'), 'ServiceUnavailable', 503],
      [new StoreLimitError('2 MiB'), 'RequestEntityTooLarge', 413],
      [new StoreFullError('no room left'), 'InternalError', 500],
    ];
    for (const [fault, reason, code] of faults) {
      const { registry, stop } = await startRegistry({ wrap: failing(() => Promise.reject(fault)) });
      await assert.rejects(registry.resource(kinds.configmaps).create(map({})), { reason, code });
      await stop();
    }
  });
});
