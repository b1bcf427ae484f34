import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { VolumeStage, aClaim } from './volume-stage.ts';
import { aPod } from './world.ts';

const PROTECTION = 'kubernetes.io/pvc-protection';

function protectedClaim(name: string): ReturnType<typeof aClaim> {
  const claim = aClaim(name);
  return { ...claim, metadata: { ...claim.metadata, finalizers: [PROTECTION] } };
}

function user(name: string, node: string | undefined, claimName = 'c'): Pod {
  const pod = aPod(name, node === undefined ? {} : { node });
  return { ...pod, spec: { ...pod.spec, volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] } };
}

describe('a claim that is being deleted', () => {
  let stage: VolumeStage;
  beforeEach(async () => {
    stage = new VolumeStage();
    await stage.open();
    await stage.make(protectedClaim('c'));
  });
  afterEach(() => stage.close());

  const isThere = (name = 'c'): boolean => stage.findClaim(name) !== undefined;
  const end = (name: string): Promise<unknown> =>
    stage.world.resource(kinds.pods).mutate('default', name, (pod) => ({ ...pod, status: { phase: 'Succeeded' } }), {
      subresource: 'status',
    });
  const remove = async (name: string): Promise<void> => {
    await stage.world.resource(kinds.pods).delete('default', name, { gracePeriodSeconds: 0 });
    await stage.rest();
  };

  it('goes at once when only pods without a node name it', async () => {
    await stage.make(user('waiting', undefined));
    await stage.delete(kinds.persistentvolumeclaims, 'c');
    assert.ok(!isThere());
  });

  it('stays while a pod is there that uses it, be it over', async () => {
    await stage.make(user('p', 'n1'));
    await stage.delete(kinds.persistentvolumeclaims, 'c');
    assert.ok(isThere());
    await end('p');
    await stage.rest();
    assert.ok(isThere(), 'a pod that has ended is still there');
    await remove('p');
    assert.ok(!isThere());
  });

  it('stays for a pod that the view does not show yet', async () => {
    stage.world.lagging = true;
    await stage.make(user('p', 'n1'));
    await stage.world.resource(kinds.persistentvolumeclaims).delete('default', 'c');
    // Of the claim's deletion the controller hears before it hears of the pod.
    while (stage.world.deliverNext(kinds.persistentvolumeclaims)) await stage.rest();
    assert.ok(isThere());
    stage.world.lagging = false;
    stage.world.deliver();
    await stage.rest();
    assert.ok(isThere());
    await remove('p');
    assert.ok(!isThere());
  });

  it('of an ephemeral volume stays for its own pod alone, until nothing of that runs', async () => {
    const { spec } = aClaim('x');
    const volumes = [{ name: 'own', ephemeral: { volumeClaimTemplate: { metadata: {}, spec } } }];
    const withOwn = (name: string): Pod => {
      const { metadata, ...pod } = aPod(name, { node: 'n1' });
      return { ...pod, metadata: { ...metadata, finalizers: ['example.org/wait'] }, spec: { ...pod.spec, volumes } };
    };
    await stage.make(protectedClaim('other-own'), withOwn('p'), withOwn('other'));
    await stage.delete(kinds.persistentvolumeclaims, 'other-own');
    assert.ok(!stage.findClaim('other-own')?.metadata.finalizers, 'it is not that pod’s');
    await stage.editClaim('p-own', (claim) => ({
      ...claim,
      metadata: { ...claim.metadata, finalizers: [PROTECTION] },
    }));
    await stage.delete(kinds.persistentvolumeclaims, 'p-own');
    assert.ok(isThere('p-own'));
    await remove('p');
    assert.ok(!isThere('p-own'), 'the pod waits for a finalizer, and nothing of it runs');
  });
});
