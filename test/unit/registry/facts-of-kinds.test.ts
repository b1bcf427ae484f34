/** What Kubernetes' strategies say of their kinds, as lists that are easily compared with the source of a new version. */
import assert from 'node:assert/strict';
import type { KubeObject } from '../../../api/object.ts';
import { stampNew, stampUpdate } from '../../../control-plane/registry/metadata.ts';
import { kinds, type Kind } from '../../../api/kinds.ts';
import type { ServiceAllocator } from '../../../control-plane/registry/allocation/service-allocator.ts';
import { strategiesOf } from '../../../control-plane/registry/strategies/all.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';
import { FakeClock } from '../../../lib/clock.ts';

const strategies = strategiesOf({} as ServiceAllocator) as unknown as Record<string, Strategy>;

function those(holds: (strategy: Strategy) => boolean): string {
  return Object.keys(strategies)
    .filter((name) => holds(strategies[name]!))
    .toSorted()
    .join(' ');
}

function words(text: string): string {
  return text.trim().split(/\s+/).toSorted().join(' ');
}

describe('kinds', () => {
  it('that count their generations', () => {
    const counted = `cronjobs csidrivers customresourcedefinitions daemonsets deployments deviceclasses
      endpointslices flowschemas ingressclasses ingresses jobs mutatingwebhookconfigurations networkpolicies
      poddisruptionbudgets pods podtemplates prioritylevelconfigurations replicasets replicationcontrollers resourceslices
      statefulsets validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations`;
    assert.equal(
      those(({ generation }) => Boolean(generation)),
      words(counted),
    );
  });

  it('that must be updated from a version that is known', () => {
    const guarded = `apiservices csidrivers csinodes csistoragecapacities customresourcedefinitions leases
      mutatingwebhookconfigurations poddisruptionbudgets runtimeclasses validatingadmissionpolicies
      validatingadmissionpolicybindings validatingwebhookconfigurations volumeattachments`;
    assert.equal(
      those(({ unconditionalUpdate }) => unconditionalUpdate === false),
      words(guarded),
    );
  });

  it('that a PUT makes where they are not', () => {
    const made = `clusterrolebindings clusterroles endpoints events events.events.k8s.io leases limitranges rolebindings
      roles runtimeclasses services`;
    assert.equal(
      those(({ createOnUpdate }) => createOnUpdate === true),
      words(made),
    );
  });

  it('that have parts with a subresource of their own', () => {
    assert.deepEqual(
      Object.entries(strategies).flatMap(([name, { parts }]) =>
        Object.keys(parts ?? {}).map((part) => `${name}/${part}`),
      ),
      ['namespaces/finalize', 'pods/ephemeralcontainers', 'pods/resize', 'certificatesigningrequests/approval'],
    );
  });

  const generations = (name: 'csidrivers' | 'endpointslices', change: object): (number | undefined)[] => {
    const kind = kinds[name] as Kind;
    const strategy = strategies[name]!;
    const made = { metadata: { name: 'x' } } as KubeObject;
    stampNew(made, kind, strategy, { uid: 'u', clock: new FakeClock() });
    const next = { ...made, ...change, metadata: { ...made.metadata, ...(change as Partial<KubeObject>).metadata } };
    stampUpdate(next, made, kind, strategy, undefined);
    return [made.metadata.generation, next.metadata.generation];
  };

  it('count from one, but for drivers, which count their changes', () => {
    assert.deepEqual(generations('csidrivers', { spec: { attachRequired: false } }), [undefined, 1]);
    assert.deepEqual(generations('csidrivers', { metadata: { labels: { a: 'b' } } }), [undefined, undefined]);
    assert.deepEqual(generations('endpointslices', { metadata: { labels: { a: 'b' } } }), [1, 2]);
    assert.deepEqual(generations('endpointslices', { metadata: { annotations: { a: 'b' } } }), [1, 1]);
  });
});
