import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { PersistentVolumeClaim, Pod, ResourceQuota } from '../../../api/types/core.v1.ts';
import { ResourceQuotaController } from '../../../control-plane/controllers/resource-quota/resource-quota.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { StorageProtection } from '../../../control-plane/controllers/storage-protection/storage-protection.ts';
import { aPod, settle, World } from './world.ts';

describe('the quota controller', () => {
  let world: World;
  let runner: Runner;

  beforeEach(async () => {
    world = new World();
    const { clock } = world;
    runner = world.runner(new ResourceQuotaController({ registry: world, clock }));
    await runner.start();
  });
  afterEach(() => runner.stop());

  const say = (hard: Record<string, string>): void => {
    const quota = { metadata: { name: 'q', namespace: 'default' }, spec: { hard }, status: {} };
    world.of(kinds.resourcequotas as Kind).seed(quota as unknown as KubeObject);
  };
  const status = (): ResourceQuota['status'] | undefined => world.all(kinds.resourcequotas)[0]?.status;

  it('says what there is, and follows what goes', async () => {
    const pods = world.of(kinds.pods as Kind);
    const pod = pods.seed(aPod('a'));
    pods.seed({ ...aPod('b'), status: { phase: 'Succeeded' } } as Pod);
    say({ pods: '3', 'count/pods': '9', 'count/secrets': '1' });
    await settle();
    assert.deepEqual(status(), {
      hard: { pods: '3', 'count/pods': '9', 'count/secrets': '1' },
      used: { pods: '1', 'count/pods': '2', 'count/secrets': '0' },
    });
    pods.remove(pod);
    await settle();
    assert.deepEqual(status()?.used, { pods: '0', 'count/pods': '1', 'count/secrets': '0' });
  });

  it('lets what others write into its status stay until there is a reason to look', async () => {
    say({ pods: '3' });
    await settle();
    const odd = { hard: { pods: '7' }, used: { pods: '1' } };
    const write = (quota: KubeObject): KubeObject => ({ ...quota, status: odd }) as KubeObject;
    await world.of(kinds.resourcequotas as Kind).mutate('default', 'q', write, { subresource: 'status' });
    world.clock.advance(2000);
    await settle();
    assert.deepEqual(status(), odd);
    const pods = world.of(kinds.pods as Kind);
    pods.remove(pods.seed(aPod('a')));
    await settle();
    assert.deepEqual(status(), { hard: { pods: '3' }, used: { pods: '0' } });
  });

  it('takes nothing back while what was charged may be on its way', async () => {
    say({ pods: '3' });
    await settle();
    const charge = (quota: KubeObject): KubeObject =>
      ({ ...quota, status: { hard: { pods: '3' }, used: { pods: '1' } } }) as KubeObject;
    await world.of(kinds.resourcequotas as Kind).mutate('default', 'q', charge, { subresource: 'status' });
    await settle();
    assert.deepEqual(status()?.used, { pods: '1' });
    world.clock.advance(1500);
    await settle();
    assert.deepEqual(status()?.used, { pods: '0' });
  });
});

describe('storage protection', () => {
  it('keeps a claim that is being deleted for as long as a pod uses it', async () => {
    const world = new World();
    const runner = world.runner(new StorageProtection({ registry: world }));
    await runner.start();
    const pods = world.of(kinds.pods as Kind);
    const base = aPod('a', { node: 'n1' });
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
    const pod = pods.seed({ ...base, spec: { ...base.spec, volumes } } as Pod);
    world.of(kinds.persistentvolumeclaims as Kind).seed({
      metadata: {
        name: 'c',
        namespace: 'default',
        finalizers: ['kubernetes.io/pvc-protection'],
        deletionTimestamp: '2026-01-01T00:00:00Z',
      },
      spec: {},
      status: {},
    } as unknown as PersistentVolumeClaim);
    await settle();
    assert.equal(world.all(kinds.persistentvolumeclaims).length, 1);
    pods.remove(pod);
    await settle();
    assert.equal(world.all(kinds.persistentvolumeclaims).length, 0);
    await runner.stop();
  });
});
