import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import { RegistryEventRecorder } from '../../../control-plane/events/recorder.ts';
import { silentLog } from '../../../lib/log.ts';
import { World } from './world.ts';

describe('event recorder', () => {
  const about = { kind: 'Pod', namespace: 'default', name: 'web', uid: 'u' };
  let world: World;
  let recorder: RegistryEventRecorder;

  beforeEach(() => {
    world = new World();
    recorder = new RegistryEventRecorder({
      registry: world,
      clock: world.clock,
      log: silentLog,
      component: 'test',
      nextId: () => world.nextId(),
    });
  });

  const record = (message: string): void => recorder.record({ about, type: 'Warning', reason: 'BackOff', message });

  it('counts the same event up on the first one', async () => {
    record('it failed');
    await recorder.flush();
    world.clock.advance(5000);
    record('it failed');
    record('it failed');
    await recorder.flush();
    const [event, ...more] = world.all(kinds.events);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [event?.count, event?.firstTimestamp, event?.lastTimestamp],
      [3, '2026-01-01T00:00:00Z', '2026-01-01T00:00:05Z'],
    );
  });

  it('tells an event anew when the first one has expired', async () => {
    record('it failed');
    await recorder.flush();
    const [event] = world.all(kinds.events);
    assert.ok(event);
    world.of(kinds.events).remove(event);
    record('it failed');
    await recorder.flush();
    assert.equal(world.all(kinds.events)[0]?.count, 2);
  });

  it('takes a burst about one object, and then one each five minutes', async () => {
    for (let index = 0; index < 40; index += 1) record(`failure ${index}`);
    await recorder.flush();
    assert.equal(world.all(kinds.events).length, 25);
    world.clock.advance(300_000);
    record('later');
    record('too soon');
    await recorder.flush();
    assert.equal(world.all(kinds.events).length, 26);
  });

  it('is not stopped by an event that can not be stored', async () => {
    world.of(kinds.events).refuse = new Error('full');
    record('lost');
    await recorder.flush();
    world.of(kinds.events).refuse = undefined;
    record('lost');
    await recorder.flush();
    assert.equal(world.all(kinds.events)[0]?.count, 2);
  });
});
