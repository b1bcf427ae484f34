import assert from 'node:assert/strict';
import type { Pod, PodAffinityTerm } from '../../../api/types/core.v1.ts';
import { applyLabelKeys } from '../../../control-plane/registry/strategies/affinity-label-keys.ts';

function applied(term: Partial<PodAffinityTerm>): PodAffinityTerm['labelSelector'] {
  const required: PodAffinityTerm = { topologyKey: 'zone', ...term };
  const pod = {
    metadata: { labels: { hash: '1', tenant: 'a' } },
    spec: {
      containers: [],
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [required] },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { ...required } }],
        },
      },
    },
  } as unknown as Pod;
  applyLabelKeys(pod);
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const found = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector;
  const preferred = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.[0]?.podAffinityTerm;
  assert.deepEqual(preferred?.labelSelector, found);
  return found;
}

describe("the label keys of a new pod's affinity", () => {
  it("bring the pod's own values into the selector", () => {
    const labelSelector = { matchLabels: { app: 'web' } };
    assert.deepEqual(applied({ labelSelector, matchLabelKeys: ['hash'], mismatchLabelKeys: ['tenant'] }), {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'hash', operator: 'In', values: ['1'] },
        { key: 'tenant', operator: 'NotIn', values: ['a'] },
      ],
    });
  });

  it('say nothing where the pod lacks the label, or the term its selector', () => {
    assert.deepEqual(applied({ labelSelector: {}, matchLabelKeys: ['absent', 'constructor'] }), {});
    assert.equal(applied({ matchLabelKeys: ['hash'] }), undefined);
  });
});
