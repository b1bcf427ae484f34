import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { whenShown } from '../../../control-plane/controllers/own-writes.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { MapView } from '../../../lib/view.ts';

const KEY = 'default/web';

function object(resourceVersion: string, more: KubeObject['metadata'] = {}): KubeObject {
  return { metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion, ...more } };
}

describe('own writes', () => {
  const leaving = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  let view: MapView<KubeObject>;
  let clock: FakeClock;

  beforeEach(() => {
    view = new MapView();
    clock = new FakeClock();
  });

  const shown = (written: KubeObject, deleted = false): Promise<boolean> =>
    whenShown(
      view,
      { kind: kinds.configmaps, object: written, deleted },
      { clock, milliseconds: 1000, signal: new AbortController().signal },
    );

  it('are shown once the view has that revision or a later one', async () => {
    view.set(KEY, object('4'));
    const wait = shown(object('5'));
    view.set(KEY, object('6'));
    assert.equal(await wait, true);
    assert.equal(await shown(object('5')), true);
  });

  it('are not waited for when they let go the last of an object that the view has dropped by then', async () => {
    assert.equal(await shown(object('5', leaving)), true);
  });

  it('are waited for while what was created is not there, and not for ever', async () => {
    const wait = shown(object('5'));
    clock.advance(1000);
    assert.equal(await wait, false);
  });

  it('of a deletion are shown by its mark, by absence and by another object of the name', async () => {
    view.set(KEY, object('4'));
    const wait = shown(object('5', leaving), true);
    view.set(KEY, object('5', leaving));
    assert.equal(await wait, true);
    view.set(KEY, object('9', { uid: 'other' }));
    assert.equal(await shown(object('5', leaving), true), true);
  });
});
