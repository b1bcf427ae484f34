/** Quotas and limit ranges: what fits in, what does not, and what is said of it. */
import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod, ResourceQuota } from '../../../api/types/core.v1.ts';
import { type Harness, podNamed, startRegistry } from './harness.ts';

describe('registry: quotas and limit ranges', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await startRegistry()));
  afterEach(() => harness.stop());

  const create = async <T extends KubeObject>(kind: Kind<T>, object: object): Promise<T> => {
    const created = await harness.registry.resource(kind).create(object as T);
    await harness.settle(kind as unknown as Kind);
    return created;
  };
  /** A quota that its controller has seen. */
  const quota = async (name: string, hard: Record<string, string>, spec: object = {}): Promise<void> => {
    await create(kinds.resourcequotas, { metadata: { name, namespace: 'default' }, spec: { hard, ...spec } });
    const used = Object.fromEntries(Object.keys(hard).map((each) => [each, '0']));
    const say = (found: ResourceQuota): ResourceQuota => ({ ...found, status: { hard, used } });
    await harness.registry.resource(kinds.resourcequotas).mutate('default', name, say, { subresource: 'status' });
    await harness.settle(kinds.resourcequotas as unknown as Kind);
  };
  const used = async (name: string): Promise<Record<string, string> | undefined> =>
    (await harness.registry.resource(kinds.resourcequotas).get('default', name)).status.used;
  const pod = (name: string, requests: Record<string, string> = {}, spec: Partial<Pod['spec']> = {}): Promise<Pod> =>
    create(kinds.pods, podNamed(name, { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...spec }));
  const refusal = (message: string) => (error: unknown) => {
    assert.ok(isStatusError(error, 'Forbidden'));
    assert.equal(error.message, message);
    return true;
  };

  it('charge what is made, and refuse what is too much', async () => {
    await quota('small', { pods: '2', 'requests.cpu': '1', 'count/pods': '5' });
    await pod('a', { cpu: '600m' });
    assert.deepEqual(await used('small'), { pods: '1', 'requests.cpu': '600m', 'count/pods': '1' });
    await assert.rejects(
      pod('b', { cpu: '500m' }),
      refusal(
        'pods "b" is forbidden: exceeded quota: small, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
      ),
    );
    await assert.rejects(
      pod('b'),
      refusal('pods "b" is forbidden: failed quota: small: must specify requests.cpu for: c'),
    );
    await pod('b', { cpu: '400m' });
    assert.deepEqual(await used('small'), { pods: '2', 'requests.cpu': '1', 'count/pods': '2' });
  });

  it('give no more away than there is, however many ask at once', async () => {
    await quota('few', { 'count/configmaps': '5' });
    const ask = (index: number): Promise<unknown> =>
      harness.registry
        .resource(kinds.configmaps)
        .create({ metadata: { name: `c${index}`, namespace: 'default' } } as never);
    const results = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => ask(index)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 5);
    assert.deepEqual(await used('few'), { 'count/configmaps': '5' });
  });

  it('speak only of the pods in their scopes', async () => {
    await quota('best-effort', { pods: '1' }, { scopes: ['BestEffort'] });
    await quota('ending', { pods: '0' }, { scopes: ['Terminating'] });
    await quota(
      'important',
      { pods: '0' },
      {
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
        },
      },
    );
    await pod('a', { cpu: '1' });
    assert.deepEqual(await used('best-effort'), { pods: '0' });
    await pod('b');
    const tooMany = (name: string, scope: string, before: number, most: number): ReturnType<typeof refusal> =>
      refusal(
        `pods "${name}" is forbidden: exceeded quota: ${scope}, requested: pods=1, used: pods=${before}, limited: pods=${most}`,
      );
    await assert.rejects(pod('c'), tooMany('c', 'best-effort', 1, 1));
    await assert.rejects(pod('d', { cpu: '1' }, { activeDeadlineSeconds: 5 }), tooMany('d', 'ending', 0, 0));
    await assert.rejects(
      pod('e', { cpu: '1' }, { priorityClassName: 'system-node-critical' }),
      tooMany('e', 'important', 0, 0),
    );
  });

  it('count ports and balancers of services, also when they change', async () => {
    await quota('net', { services: '5', 'services.nodeports': '1', 'services.loadbalancers': '0' });
    const ports = [{ name: 'a', port: 1 }];
    const service = await create(kinds.services, {
      metadata: { name: 's', namespace: 'default' },
      spec: { ports, selector: { a: 'b' } },
    });
    assert.deepEqual(await used('net'), { services: '1', 'services.nodeports': '0', 'services.loadbalancers': '0' });
    const services = harness.registry.resource(kinds.services);
    const typed = (type: string) => (found: typeof service) => ({ ...found, spec: { ...found.spec, type } });
    await services.mutate('default', 's', typed('NodePort'));
    assert.equal((await used('net'))?.['services.nodeports'], '1');
    await assert.rejects(
      services.mutate('default', 's', typed('LoadBalancer')),
      refusal(
        'services "s" is forbidden: exceeded quota: net, requested: services.loadbalancers=1, used: services.loadbalancers=0, limited: services.loadbalancers=0',
      ),
    );
  });

  it('of storage go by class', async () => {
    const names = ['persistentvolumeclaims', 'requests.storage', 'fast.storageclass.storage.k8s.io/requests.storage'];
    await quota('disk', Object.fromEntries(names.map((name) => [name, '5Gi'])));
    const claim = (name: string, storageClassName: string): object => ({
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Gi' } } },
    });
    await create(kinds.persistentvolumeclaims, claim('a', 'fast'));
    const made = await create(kinds.persistentvolumeclaims, claim('b', 'slow'));
    assert.deepEqual(await used('disk'), { [names[0]!]: '2', [names[1]!]: '2Gi', [names[2]!]: '1Gi' });
    assert.deepEqual(made.metadata.finalizers, ['kubernetes.io/pvc-protection']);
  });

  it('charge nothing on a dry run, but say what would not fit', async () => {
    await quota('few', { 'count/configmaps': '1' });
    const configMap = { metadata: { name: 'c', namespace: 'default' } } as never;
    await harness.registry.resource(kinds.configmaps).create(configMap, { dryRun: true });
    assert.deepEqual(await used('few'), { 'count/configmaps': '0' });
  });

  describe('limit ranges', () => {
    const range = (...limits: object[]): Promise<unknown> =>
      create(kinds.limitranges, { metadata: { name: 'r', namespace: 'default' }, spec: { limits } });

    it('give defaults', async () => {
      await range({ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m', memory: '1Gi' } });
      const { metadata, spec } = await pod('a', { memory: '2Gi' });
      assert.deepEqual(spec.containers[0]?.resources, {
        requests: { cpu: '100m', memory: '2Gi' },
        limits: { cpu: '500m' },
      });
      assert.equal(
        metadata.annotations?.['kubernetes.io/limit-ranger'],
        'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
      );
    });

    const cases: [object, Record<string, string>, Record<string, string>, string][] = [
      [{ min: { cpu: '100m' } }, { cpu: '50m' }, {}, 'minimum cpu usage per Container is 100m, but request is 50m'],
      [
        { max: { memory: '1Gi' } },
        {},
        { memory: '2Gi' },
        'maximum memory usage per Container is 1Gi, but limit is 2Gi',
      ],
      [
        { maxLimitRequestRatio: { cpu: '2' } },
        { cpu: '1' },
        { cpu: '3' },
        'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
      ],
    ];
    for (const [item, requests, limits, why] of cases) {
      it(`refuse: ${why}`, async () => {
        await range({ type: 'Container', ...item });
        const containers = [{ name: 'c', image: 'i', resources: { requests, limits } }];
        await assert.rejects(pod('a', {}, { containers }), refusal(`pods "a" is forbidden: ${why}`));
      });
    }

    it('are about whole pods and about claims as well', async () => {
      await range(
        { type: 'Pod', max: { cpu: '1' } },
        { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
      );
      const container = (name: string): object => ({ name, image: 'i', resources: { limits: { cpu: '600m' } } });
      const containers = [container('a'), container('b')] as Pod['spec']['containers'];
      await assert.rejects(
        pod('a', {}, { containers }),
        refusal('pods "a" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m'),
      );
      const claim = (storage: string): Promise<unknown> =>
        create(kinds.persistentvolumeclaims, {
          metadata: { name: 'p', namespace: 'default' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
        });
      await assert.rejects(
        claim('3Gi'),
        refusal(
          'persistentvolumeclaims "p" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
        ),
      );
      await claim('1Gi');
    });
  });
});
