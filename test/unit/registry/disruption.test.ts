import assert from 'node:assert/strict';
import type { StatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../api/types/policy.v1.ts';
import { evictPod } from '../../../control-plane/registry/eviction.ts';
import { type Harness, podNamed, startRegistry } from './harness.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

describe('registry: evictions and disruption budgets', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await startRegistry()));
  afterEach(() => harness.stop());

  const pods = () => harness.registry.resource(kinds.pods);
  const budgets = () => harness.registry.resource(kinds.poddisruptionbudgets);
  const evict = (name: string, options: object = {}) =>
    evictPod({ pods: pods(), budgets: budgets() }, { metadata: { name, namespace: 'default' }, ...options }, NOW);

  async function addPod(name: string, { phase = 'Running', ready = true } = {}): Promise<void> {
    const pod = podNamed(name, { nodeName: 'n1' });
    await pods().create({ ...pod, metadata: { ...pod.metadata, labels: { app: 'web' } } });
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    const run = (current: Pod): Pod => ({ ...current, status: { ...current.status, phase, conditions } });
    await pods().mutate('default', name, run, { subresource: 'status' });
  }

  async function addBudget(name: string, status: Partial<PodDisruptionBudgetStatus>, spec: object = {}): Promise<void> {
    const selector = { matchLabels: { app: 'web' } };
    const metadata = { name, namespace: 'default' };
    await budgets().create({
      metadata,
      spec: { minAvailable: 1, selector, ...spec },
    } as unknown as PodDisruptionBudget);
    const counts = { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
    const observe = (current: PodDisruptionBudget): PodDisruptionBudget => ({
      ...current,
      status: { ...counts, observedGeneration: 1, ...status },
    });
    await budgets().mutate('default', name, observe, { subresource: 'status' });
  }

  it('lets no more go at once than a budget allows', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => addPod(name)));
    await addBudget('b', { disruptionsAllowed: 2, currentHealthy: 5, desiredHealthy: 3 });
    const results = await Promise.allSettled(names.map((name) => evict(name)));
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    assert.equal(refused.length, 3);
    for (const error of refused as StatusError[]) {
      assert.partialDeepStrictEqual(error.toStatus(), {
        code: 429,
        reason: 'TooManyRequests',
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: 'The disruption budget b needs 3 healthy pods and has 5 currently',
            },
          ],
        },
      });
    }
    const { status } = await budgets().get('default', 'b');
    assert.equal(status.disruptionsAllowed, 0);
    const gone = names.filter((_, at) => results[at]?.status === 'fulfilled');
    assert.deepEqual(
      Object.keys(status.disruptedPods ?? {}).toSorted((a, b) => (a < b ? -1 : 1)),
      gone,
    );
  });

  it('charges nothing for a dry run, nor for a pod that disrupts nothing', async () => {
    await addPod('a');
    await addPod('pending', { phase: 'Pending', ready: false });
    await addBudget('b', { disruptionsAllowed: 1 });
    await evict('a', { deleteOptions: { dryRun: ['All'] } });
    await evict('pending');
    assert.equal((await budgets().get('default', 'b')).status.disruptionsAllowed, 1);
  });

  it('lets pods that are not ready go while enough are, or always when the budget says so', async () => {
    await addPod('sick', { ready: false });
    await addBudget('b', { currentHealthy: 1, desiredHealthy: 1 });
    await evict('sick');
    await addPod('sicker', { ready: false });
    const short = { currentHealthy: 0, desiredHealthy: 1 };
    await budgets().mutate('default', 'b', (b) => ({ ...b, status: { ...b.status, ...short } }), {
      subresource: 'status',
    });
    await assert.rejects(evict('sicker'), { reason: 'TooManyRequests' });
    const always = (b: PodDisruptionBudget): PodDisruptionBudget => ({
      ...b,
      spec: { ...b.spec, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    });
    await budgets().mutate('default', 'b', always);
    await evict('sicker');
  });

  it('waits for a budget that nobody has looked at yet, and knows none but one', async () => {
    await addPod('a');
    await addBudget('b', { disruptionsAllowed: 1, observedGeneration: 0 });
    await assert.rejects(evict('a'), (error: { details: unknown }) => {
      assert.partialDeepStrictEqual(error.details, {
        retryAfterSeconds: 10,
        causes: [{ message: 'The disruption budget b is still being processed by the server.' }],
      });
      return true;
    });
    await addBudget('c', { disruptionsAllowed: 1 });
    await assert.rejects(evict('a'), /This pod has more than one PodDisruptionBudget/);
  });
});
