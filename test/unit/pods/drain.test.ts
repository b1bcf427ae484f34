import assert from 'node:assert/strict';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { MapView } from '../../../lib/view.ts';
import { untilUnserved } from '../../../node-agent/pods/drain.ts';
import type { PodServices } from '../../../node-agent/pods/services.ts';

function slice(name: string, uid: string, conditions: object): EndpointSlice {
  return {
    metadata: { name, namespace: 'default' },
    addressType: 'IPv4',
    ports: [],
    endpoints: [{ addresses: ['10.244.0.2'], conditions, targetRef: { kind: 'Pod', uid } }],
  };
}

function setUp(...slices: EndpointSlice[]) {
  const clock = new FakeClock();
  const endpointslices = new MapView<EndpointSlice>();
  for (const each of slices) endpointslices.set(`default/${each.metadata.name}`, each);
  let told = false;
  const begin = async (limit: number): Promise<void> => {
    void untilUnserved({ state: { endpointslices }, clock } as unknown as PodServices, 'web', limit).then(
      () => (told = true),
    );
    await settle();
  };
  const settle = async (): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve));
    return told;
  };
  const pass = (milliseconds: number): Promise<boolean> => {
    clock.advance(milliseconds);
    return settle();
  };
  return { endpointslices, begin, settle, pass };
}

describe('a pod that is being deleted', () => {
  it('ends at once when no service sends to it', async () => {
    const { begin, settle } = setUp(slice('a', 'other', { ready: true }), slice('b', 'web', { ready: false }));
    await begin(10_000);
    assert.equal(await settle(), true);
  });

  it('waits until every service has stopped sending to it, and a little for the other nodes', async () => {
    const { endpointslices, begin, pass } = setUp(slice('a', 'web', { ready: true }), slice('b', 'web', {}));
    await begin(10_000);
    assert.equal(await pass(1000), false);
    endpointslices.set('default/a', slice('a', 'web', { ready: false, serving: true, terminating: true }));
    assert.equal(await pass(300), false);
    endpointslices.delete('default/b');
    assert.equal(await pass(200), false);
    assert.equal(await pass(100), true);
  });

  it('does not wait for a control plane that is away, nor for longer than it may', async () => {
    const { begin, pass } = setUp(slice('a', 'web', { ready: true }));
    await begin(10_000);
    assert.equal(await pass(1900), false);
    assert.equal(await pass(200), true);
    const short = setUp(slice('a', 'web', { ready: true }));
    await short.begin(500);
    assert.equal(await short.pass(500), true);
  });
});
