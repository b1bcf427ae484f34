import assert from 'node:assert/strict';

import { StatusError } from '../../../api/errors.ts';
import { BIND_COMPLETED, SELECTED_NODE } from '../../../api/machinery/persistent-volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, PodSpec } from '../../../api/types/core.v1.ts';
import { aClaim, aClass, aVolume } from '../controllers/volume-stage.ts';
import { World, makeNode, makePod } from './world.ts';

const LOCAL = { storageClassName: 'local' };

function onNode(name: string): Pick<PersistentVolume['spec'], 'nodeAffinity'> {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }];
  return { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } };
}

function aPodWith(name: string, claims: readonly string[], spec: Partial<PodSpec> = {}): Pod {
  const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  return makePod(name, { cpu: '1' }, { volumes, ...spec });
}

describe('pods with claims', () => {
  let world: World;

  beforeEach(async () => {
    world = new World();
    world.classes.set('local', aClass('local'));
    await world.start(makeNode('n1'), makeNode('n2'), makeNode('n3'));
  });
  afterEach(() => world.scheduler.stop());

  const claim = (name: string, spec: Partial<PersistentVolumeClaim['spec']> = LOCAL): PersistentVolumeClaim =>
    world.putClaim(aClaim(name, spec));
  const annotate = (name: string, annotations: Record<string, string>, volumeName?: string): void => {
    const now = world.claims.get(`default/${name}`);
    assert.ok(now);
    const spec = volumeName === undefined ? now.spec : { ...now.spec, volumeName };
    world.putClaim({ ...now, metadata: { ...now.metadata, annotations }, spec });
  };
  /** What the binder does, once it has the volume. */
  const bind = async (name: string, volume: PersistentVolume): Promise<void> => {
    const { uid } = world.claims.get(`default/${name}`)?.metadata ?? {};
    world.putVolume({
      ...volume,
      spec: { ...volume.spec, claimRef: { namespace: 'default', name, uid } },
      status: { phase: 'Bound' },
    });
    annotate(name, { [BIND_COMPLETED]: 'yes' }, volume.metadata.name);
    await world.settle();
  };
  const free = (name: string, spec: Partial<PersistentVolume['spec']>): PersistentVolume =>
    world.putVolume({ ...aVolume(name, spec), status: { phase: 'Available' } });
  const selected = (name: string): string | undefined =>
    world.claims.get(`default/${name}`)?.metadata.annotations?.[SELECTED_NODE];
  const put = async (...pods: Pod[]): Promise<void> => {
    for (const pod of pods) world.put(pod);
    await world.settle();
  };
  const lastRefusal = (): string => world.refusals.at(-1)?.message ?? '';

  it('wait on their node for the volumes that are made there, and keep nobody else waiting', async () => {
    claim('c');
    await put(aPodWith('p', ['c']));
    const node = selected('c');
    assert.ok(node);
    assert.equal(world.nodeOf('p'), undefined);
    await put(makePod('other', { cpu: '1' }));
    assert.ok(world.nodeOf('other'));
    await bind('c', aVolume('v', onNode(node)));
    assert.equal(world.nodeOf('p'), node);
    assert.deepEqual(world.refusals, []);
  });

  it('take their room while they wait', async () => {
    for (const name of ['a', 'b', 'c', 'd']) claim(name);
    await put(...['a', 'b', 'c', 'd'].map((name) => aPodWith(`p-${name}`, [name], { ...big })));
    const nodes = ['a', 'b', 'c', 'd'].map(selected);
    assert.deepEqual(new Set(nodes), new Set(['n1', 'n2', 'n3', undefined]));
    assert.match(lastRefusal(), /^0\/3 nodes are available: 3 Insufficient cpu\./);
  });

  it('go where their volume is', async () => {
    claim('c');
    await bind('c', aVolume('v', onNode('n2')));
    await put(aPodWith('p', ['c']));
    assert.equal(world.nodeOf('p'), 'n2');
    await put(aPodWith('q', ['c'], { nodeSelector: { 'kubernetes.io/hostname': 'n1' } }));
    assert.match(
      lastRefusal(),
      /^0\/3 nodes are available: 1 node\(s\) didn't match PersistentVolume's node affinity, 2 node\(s\) didn't match Pod's/,
    );
  });

  it('share a volume that is being made, where it is', async () => {
    claim('c');
    await put(aPodWith('p', ['c']), aPodWith('q', ['c']));
    await bind('c', aVolume('v', onNode(selected('c') ?? '')));
    assert.equal(world.nodeOf('p'), world.nodeOf('q'));
    assert.ok(world.nodeOf('q'));
  });

  it('have volumes that are there rather than new ones, each another', async () => {
    for (const [name, node] of [
      ['v1', 'n3'],
      ['v2', 'n3'],
      ['v3', 'n1'],
    ] as const) {
      free(name, { storageClassName: 'local', ...onNode(node) });
    }
    world.classes.set('local', aClass('local', { provisioner: 'kubernetes.io/no-provisioner' }));
    claim('a');
    claim('b');
    await put(aPodWith('p', ['a', 'b']));
    const kept = [...world.volumes.list()].filter(({ spec }) => spec.claimRef);
    assert.deepEqual(new Set(kept.map(({ metadata }) => metadata.name)), new Set(['v1', 'v2']));
    for (const { metadata, spec } of kept)
      await bind(spec.claimRef?.name ?? '', { ...aVolume(metadata.name ?? '', spec) });
    assert.equal(world.nodeOf('p'), 'n3');
    claim('c');
    claim('d');
    await put(aPodWith('q', ['c', 'd']));
    assert.match(
      lastRefusal(),
      /^0\/3 nodes are available: 3 node\(s\) didn't find available persistent volumes to bind/,
    );
  });

  it('are never promised a volume that was just promised to another', async () => {
    world.classes.set('local', aClass('local', { provisioner: 'kubernetes.io/no-provisioner' }));
    free('v', { storageClassName: 'local' });
    claim('a');
    claim('b');
    await put(aPodWith('p', ['a']), aPodWith('q', ['b']));
    assert.equal(world.volumes.get('v')?.spec.claimRef?.name, 'a');
    assert.equal(world.refusals.length, 1);
    free('w', { storageClassName: 'local' });
    await world.settle();
    assert.equal(world.volumes.get('w')?.spec.claimRef?.name, 'b');
  });

  it('say in Kubernetes’ words what is wrong with a claim, and go on when it is right', async () => {
    world.classes.set('now', aClass('now', { volumeBindingMode: 'Immediate' }));
    await put(aPodWith('p', ['c']));
    assert.equal(
      lastRefusal(),
      '0/3 nodes are available: persistentvolumeclaim "c" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    );
    claim('c', { storageClassName: 'now' });
    await world.settle();
    assert.match(lastRefusal(), /^0\/3 nodes are available: pod has unbound immediate PersistentVolumeClaims\. pre/);
    await bind('c', aVolume('v', onNode('n3')));
    world.clock.advance(1000);
    await world.settle();
    assert.equal(world.nodeOf('p'), 'n3');
  });

  it('wait for no claim that is lost, is being deleted, or was made for another pod', async () => {
    const lost = aClaim('lost', { volumeName: 'gone' });
    world.putClaim({ ...lost, status: { phase: 'Lost' } });
    const leaving = aClaim('leaving');
    world.putClaim({ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    claim('p-scratch');
    await put(aPodWith('a', ['lost']), aPodWith('b', ['leaving']));
    const ephemeral = { volumeClaimTemplate: { metadata: {}, spec: aClaim('x').spec } };
    await put(makePod('p', {}, { volumes: [{ name: 'scratch', ephemeral }] }));
    await put(makePod('q', {}, { volumes: [{ name: 'scratch', ephemeral }] }));
    assert.deepEqual(
      world.refusals.map(({ message }) => message.replace(/^0\/3 nodes are available: (.*)\. preemption.*$/, '$1')),
      [
        'persistentvolumeclaim "lost" bound to non-existent persistentvolume "gone"',
        'persistentvolumeclaim "leaving" is being deleted',
        'PVC default/p-scratch was not created for pod default/p (pod is not owner)',
        'waiting for ephemeral volume controller to create the persistentvolumeclaim "q-scratch"',
      ],
    );
  });

  it('are tried again, elsewhere, when a volume can not be made where they were to be', async () => {
    claim('c');
    await put(aPodWith('p', ['c']));
    const first = selected('c') ?? '';
    annotate('c', {});
    await world.settle();
    assert.equal(
      lastRefusal(),
      'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "c"',
    );
    const node = world.nodes.get(first);
    assert.ok(node);
    world.put({ ...node, spec: { unschedulable: true } });
    world.clock.advance(1000);
    await world.settle();
    const second = selected('c');
    assert.ok(second && second !== first);
    await bind('c', aVolume('v', onNode(second)));
    assert.equal(world.nodeOf('p'), second);
  });

  it('give their place back when they go, when their node goes, and when it takes too long', async () => {
    for (const name of ['a', 'b', 'c']) claim(name);
    await put(...['a', 'b', 'c'].map((name) => aPodWith(`p-${name}`, [name], big)));
    const [a = '', b = ''] = ['a', 'b'].map(selected);
    world.deletePod('p-a');
    await put(makePod('x', { cpu: '4' }));
    assert.equal(world.nodeOf('x'), a);
    world.nodes.delete(b);
    await world.settle();
    assert.match(lastRefusal(), new RegExp(`node "${b}" not found`));
    world.clock.advance(600_000);
    await world.settle();
    assert.ok(
      world.refusals.some(
        ({ pod, message }) => pod === 'p-c' && message.endsWith('timed out waiting for the condition'),
      ),
    );
  });

  it('are bound at once when their claims are, and a failed binding does not lose them', async () => {
    claim('c');
    await bind('c', aVolume('v', onNode('n1')));
    world.failing.set('p', new StatusError({ code: 500, reason: 'InternalError', message: 'no' }));
    await put(aPodWith('p', ['c']));
    world.clock.advance(1000);
    await world.settle();
    assert.equal(world.nodeOf('p'), 'n1');
  });

  it('have no place where directories can not be what they ask for', async () => {
    claim('c', { ...LOCAL, volumeMode: 'Block' });
    await put(aPodWith('p', ['c']));
    assert.match(lastRefusal(), /3 node\(s\) didn't find available persistent volumes to bind/);
    assert.equal(selected('c'), undefined);
  });

  describe('of which only one may use the claim', () => {
    const alone = { accessModes: ['ReadWriteOncePod'] };

    it('wait until no other does', async () => {
      claim('c', alone);
      await bind('c', aVolume('v', alone));
      await put(aPodWith('p', ['c']));
      await put(aPodWith('q', ['c']));
      assert.equal(
        lastRefusal(),
        '0/3 nodes are available: 3 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
      );
      world.deletePod('p');
      await world.settle();
      assert.ok(world.nodeOf('q'));
    });

    it('end a less important one that does', async () => {
      claim('c', alone);
      await bind('c', aVolume('v', alone));
      await put(aPodWith('p', ['c']), makePod('bystander', { cpu: '1' }));
      const node = world.nodeOf('p');
      await put(aPodWith('q', ['c'], { priority: 10 }));
      assert.deepEqual(world.preemptions, [{ victim: 'p', preemptor: 'q', node }]);
      await world.endLeaving();
      assert.equal(world.nodeOf('q'), node);
      assert.ok(world.nodeOf('bystander'));
    });
  });
});

const big: Partial<PodSpec> = { containers: [{ name: 'main', resources: { requests: { cpu: '3' } } }] };
