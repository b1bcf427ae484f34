/** What classes do to those who name them, or name none. */
import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod, Toleration } from '../../../api/types/core.v1.ts';
import { type Harness, podNamed, startRegistry } from './harness.ts';

describe('registry: classes', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await startRegistry()));
  afterEach(() => harness.stop());

  const create = async <T extends KubeObject>(kind: Kind<T>, object: object): Promise<T> => {
    const created = await harness.registry.resource(kind).create(object as T);
    await harness.settle(kind as unknown as Kind);
    return created;
  };
  const pod = (spec: Partial<Pod['spec']> = {}): Promise<Pod> => create(kinds.pods, podNamed('a', spec));
  const refused = (message: string) => (error: unknown) => {
    assert.ok(isStatusError(error, 'Forbidden'));
    assert.equal(error.message, message);
    return true;
  };

  describe('of storage', () => {
    const grow = (name: string): Promise<unknown> =>
      harness.registry.resource(kinds.persistentvolumeclaims).mutate('default', name, (claim) => ({
        ...claim,
        spec: { ...claim.spec, resources: { requests: { storage: '2Gi' } } },
      }));
    const bound = async (name: string, storageClassName: string): Promise<void> => {
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName };
      await create(kinds.persistentvolumeclaims, { metadata: { name, namespace: 'default' }, spec });
      await harness.registry
        .resource(kinds.persistentvolumeclaims)
        .mutate('default', name, (claim) => ({ ...claim, status: { phase: 'Bound' } }), { subresource: 'status' });
      await harness.settle(kinds.persistentvolumeclaims as unknown as Kind);
    };

    it('let claims grow, or not', async () => {
      const provisioner = 'local.dure.internal';
      await create(kinds.storageclasses, { metadata: { name: 'wide' }, provisioner, allowVolumeExpansion: true });
      await create(kinds.storageclasses, { metadata: { name: 'tight' }, provisioner });
      await bound('a', 'wide');
      await bound('b', 'tight');
      await grow('a');
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      await assert.rejects(grow('b'), refused(`persistentvolumeclaims "b" is forbidden: ${why}`));
    });
  });

  describe('of priority', () => {
    it('give a pod its number and its manners', async () => {
      const metadata = { name: 'low' };
      await create(kinds.priorityclasses, { metadata, value: 7, preemptionPolicy: 'Never' });
      const { spec } = await pod({ priorityClassName: 'low' });
      assert.equal(spec.priority, 7);
      assert.equal(spec.preemptionPolicy, 'Never');
    });

    it('know the system classes before they are made', async () => {
      assert.equal((await pod({ priorityClassName: 'system-node-critical' })).spec.priority, 2_000_001_000);
    });

    it('have one default, which pods without a class are of', async () => {
      await create(kinds.priorityclasses, { metadata: { name: 'usual' }, value: 3, globalDefault: true });
      const { spec } = await pod();
      assert.equal(spec.priorityClassName, 'usual');
      assert.equal(spec.priority, 3);
      await assert.rejects(
        create(kinds.priorityclasses, { metadata: { name: 'other' }, value: 4, globalDefault: true }),
        refused(
          'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
        ),
      );
    });

    it('refuse a class that is none, and numbers of the pod’s own', async () => {
      await assert.rejects(
        pod({ priorityClassName: 'none' }),
        refused('pods "a" is forbidden: no PriorityClass with name none was found'),
      );
      await assert.rejects(
        pod({ priority: 5 }),
        refused(
          'pods "a" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
        ),
      );
    });

    it('keep the system classes', async () => {
      const value = 2_000_000_000;
      const made = await create(kinds.priorityclasses, { metadata: { name: 'system-cluster-critical' }, value });
      assert.equal(made.metadata.generation, 1);
      await assert.rejects(
        harness.registry.resource(kinds.priorityclasses).delete('', 'system-cluster-critical'),
        refused(
          'priorityclasses.scheduling.k8s.io "system-cluster-critical" is forbidden: this is a system priority class and cannot be deleted',
        ),
      );
    });
  });

  describe('of runtime', () => {
    const scheduling = { nodeSelector: { sandbox: 'yes' }, tolerations: [{ key: 'sandbox', operator: 'Exists' }] };
    const sandboxed = { metadata: { name: 's' }, handler: 'runsc', overhead: { podFixed: { cpu: '10m' } }, scheduling };

    it('give a pod their overhead and their nodes', async () => {
      await create(kinds.runtimeclasses, sandboxed);
      const { spec } = await pod({ runtimeClassName: 's', nodeSelector: { disk: 'fast' } });
      assert.deepEqual(spec.overhead, { cpu: '10m' });
      assert.deepEqual(spec.nodeSelector, { disk: 'fast', sandbox: 'yes' });
      assert.ok(spec.tolerations?.some(({ key }) => key === 'sandbox'));
    });

    it('refuse what does not fit', async () => {
      await create(kinds.runtimeclasses, sandboxed);
      const cases: [Partial<Pod['spec']>, string][] = [
        [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
        [
          { overhead: { cpu: '1' } },
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        ],
        [
          { runtimeClassName: 's', overhead: { cpu: '1' } },
          "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ],
        [
          { runtimeClassName: 's', nodeSelector: { sandbox: 'no' } },
          'conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no',
        ],
      ];
      for (const [spec, why] of cases) await assert.rejects(pod(spec), refused(`pods "a" is forbidden: ${why}`));
    });
  });

  it('of ingress: the newest default is taken', async () => {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    const spec = { controller: 'example.com/c' };
    await create(kinds.ingressclasses, { metadata: { name: 'old', annotations }, spec });
    harness.clock.advance(5000);
    await create(kinds.ingressclasses, { metadata: { name: 'new', annotations }, spec });
    await create(kinds.ingressclasses, { metadata: { name: 'other' }, spec });
    const ingress = (name: string, more: object = {}, annotation: object = {}): object => ({
      metadata: { name, namespace: 'default', annotations: annotation },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } }, ...more },
    });
    assert.equal((await create(kinds.ingresses, ingress('a'))).spec.ingressClassName, 'new');
    assert.equal((await create(kinds.ingresses, ingress('b', { ingressClassName: 'x' }))).spec.ingressClassName, 'x');
    const old = await create(kinds.ingresses, ingress('c', {}, { 'kubernetes.io/ingress.class': 'y' }));
    assert.equal(old.spec.ingressClassName, undefined);
  });

  it('of storage: a claim without one gets the default, and one that wants none does not', async () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await create(kinds.storageclasses, { metadata: { name: 'disk', annotations }, provisioner: 'example.com/disk' });
    const claim = (name: string, more: object = {}): object => ({
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
    });
    assert.equal((await create(kinds.persistentvolumeclaims, claim('a'))).spec.storageClassName, 'disk');
    const without = await create(kinds.persistentvolumeclaims, claim('b', { storageClassName: '' }));
    assert.equal(without.spec.storageClassName, '');
  });

  it('tolerations of lost nodes are added where a pod says nothing of them', async () => {
    const own: Toleration = {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      tolerationSeconds: 5,
      effect: 'NoExecute',
    };
    const { spec } = await pod({ tolerations: [own] });
    assert.deepEqual(spec.tolerations, [
      own,
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ]);
    const all = await create(kinds.pods, podNamed('b', { tolerations: [{ operator: 'Exists' }] }));
    assert.deepEqual(all.spec.tolerations, [{ operator: 'Exists' }]);
  });
});
