import assert from 'node:assert/strict';
import type { Event, Node, PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import { type ClaimSeen, explainClaim } from '../../../cli/why/claim.ts';
import { explainPod } from '../../../cli/why/pod.ts';
import { aClaim, aNode, aVolume } from '../controllers/volume-stage.ts';

const now = new Date('2026-01-01T01:00:00Z');

const onN1 = aVolume('v', {
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] }],
    },
  },
});

function event(reason: string, message: string): Event {
  return { metadata: {}, involvedObject: {}, reason, message } as Event;
}

function claim(change: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  const made = aClaim('data', { storageClassName: 'gold' });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: '2026-01-01T00:59:00Z' }, ...change };
}

function explained(seen: Partial<ClaimSeen>): ReturnType<typeof explainClaim> {
  return explainClaim({ claim: claim(), volume: undefined, events: [], users: [], now, ...seen });
}

describe('why a claim has no volume', () => {
  it('waits for a pod, and for which', () => {
    const events = [event('WaitForFirstConsumer', 'waiting for first consumer to be created before binding')];
    const { headline, facts, help } = explained({ events });
    assert.equal(headline, 'pvc/data waits for a volume, for 60s now.');
    assert.deepEqual(facts, ['Last thing said of it: waiting for first consumer to be created before binding']);
    assert.deepEqual(help, ['Start a pod that uses it: its volume is made where the pod is to run']);
    assert.deepEqual(explained({ events, users: ['kv-0'] }).help, [
      'See what the pod waits for: dure why pod/kv-0 -n default',
    ]);
  });

  it('names a class that is not there', () => {
    const events = [event('ProvisioningFailed', 'storageclass.storage.k8s.io "gold" not found')];
    assert.deepEqual(explained({ events }).help, [
      'Create the storage class gold, or name one that exists: dure get sc',
    ]);
  });

  it('has one, and where', () => {
    const bound = claim({ spec: { ...claim().spec, volumeName: 'v' }, status: { phase: 'Bound' } });
    const { isFine, facts } = explained({ claim: bound, volume: onN1, users: ['kv-0'] });
    assert.ok(isFine);
    assert.deepEqual(facts, ['Its data is on n1, and pods that use it can be only there.', 'Pods that use it: kv-0.']);
  });

  it('is being deleted, and by whom it is held', () => {
    const { metadata } = claim();
    const leaving = claim({ metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:59:30Z' } });
    assert.deepEqual(explained({ claim: leaving, users: ['kv-0'] }).facts, ['It stays as long as pods use it: kv-0.']);
  });

  it('has lost it', () => {
    const lost = claim({ spec: { ...claim().spec, volumeName: 'v' }, status: { phase: 'Lost' } });
    assert.equal(explained({ claim: lost }).headline, 'pvc/data has lost its volume v.');
  });
});

describe('why a pod with claims is on no node', () => {
  const pod = {
    metadata: { name: 'kv-0', namespace: 'default' },
    spec: { containers: [] },
    status: {},
  } as unknown as Pod;
  const explain = (nodes: readonly Node[], claims: Parameters<typeof explainPod>[0]['claims']) =>
    explainPod({ pod, events: [], nodes, others: [], namespaces: new Map(), claims, lastLines: new Map(), now });

  it('waits for the node that has its data', () => {
    const bound = claim({ status: { phase: 'Bound' } });
    const { nodes, help } = explain(
      [aNode('n1', { isReady: false }), aNode('n2')],
      [{ name: 'data', claim: bound, volume: onN1 }],
    );
    assert.deepEqual(
      nodes.find(({ name }) => name === 'n2')?.reason,
      'is not where the data of the claim data is (n1)',
    );
    assert.ok(help.some((text) => text.startsWith('The data of the claim data is on n1: bring that back, or give')));
  });

  it('names the claims that are missing or have no volume', () => {
    const { facts } = explain(
      [aNode('n1')],
      [
        { name: 'a', claim: undefined, volume: undefined },
        { name: 'b', claim: claim(), volume: undefined },
      ],
    );
    assert.deepEqual(facts.slice(1), ['Its claim a is not there.', 'Its claim b has no volume yet: dure why pvc/b']);
  });
});
