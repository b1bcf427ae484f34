import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { Event, Node, Pod } from '../../../api/types/core.v1.ts';
import { fieldReader, requireFieldReader } from '../../../control-plane/registry/field-labels.ts';
import { storageKey, storagePrefix } from '../../../control-plane/registry/keys.ts';
import { mutateScale, scaleOf } from '../../../control-plane/registry/scale.ts';
import { type Harness, podNamed, podTemplate, startRegistry } from './harness.ts';

describe('registry: scale', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await startRegistry()));
  afterEach(() => harness.stop());

  const deployment = {
    metadata: { name: 'd', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, template: podTemplate() },
  } as unknown as Deployment;

  it('shows and sets the replicas', async () => {
    const deployments = harness.registry.resource(kinds.deployments);
    const made = await deployments.create(deployment);
    assert.deepEqual(scaleOf(made, kinds.deployments), {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: 'd',
        namespace: 'default',
        uid: made.metadata.uid,
        resourceVersion: made.metadata.resourceVersion,
        creationTimestamp: made.metadata.creationTimestamp,
      },
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=web' },
    });
    const scaled = await mutateScale(deployments, 'default', 'd', (scale) => ({ ...scale, spec: { replicas: 0 } }));
    assert.equal(scaled.spec.replicas, 0);
    const stored = await deployments.get('default', 'd');
    assert.equal(stored.spec.replicas, 0);
    assert.equal(stored.metadata.generation, 2);
    assert.deepEqual(stored.spec.template, made.spec.template);
  });

  it('refuses fewer than none and an old state', async () => {
    const deployments = harness.registry.resource(kinds.deployments);
    const made = await deployments.create(deployment);
    const less = mutateScale(deployments, 'default', 'd', (scale) => ({ ...scale, spec: { replicas: -1 } }));
    await assert.rejects(less, {
      message: 'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
    await mutateScale(deployments, 'default', 'd', (scale) => ({ ...scale, spec: { replicas: 2 } }));
    const old = mutateScale(deployments, 'default', 'd', () => ({
      ...scaleOf(made, kinds.deployments),
      spec: { replicas: 3 },
    }));
    await assert.rejects(old, { reason: 'Conflict' });
  });
});

describe('registry: field labels', () => {
  it('read what selectors compare', () => {
    const pod: Pod = podNamed('a', { nodeName: 'n1', hostNetwork: true });
    pod.status = { phase: 'Running' };
    const read = (label: string): string | undefined => fieldReader(kinds.pods, label)?.(pod);
    assert.equal(read('metadata.name'), 'a');
    assert.equal(read('metadata.namespace'), 'default');
    assert.equal(read('spec.nodeName'), 'n1');
    assert.equal(read('spec.hostNetwork'), 'true');
    assert.equal(read('status.phase'), 'Running');
    assert.equal(read('status.podIP'), '');
    const node = { metadata: { name: 'n' }, spec: {}, status: {} } as unknown as Node;
    assert.equal(fieldReader(kinds.nodes, 'spec.unschedulable')?.(node), 'false');
    const event = { metadata: {}, involvedObject: { kind: 'Pod' }, source: { component: 'c' } } as unknown as Event;
    assert.equal(fieldReader(kinds.events, 'involvedObject.kind')?.(event), 'Pod');
    assert.equal(fieldReader(kinds.events, 'source')?.(event), 'c');
  });

  it('name what is not supported in Kubernetes’ words', () => {
    assert.throws(() => requireFieldReader(kinds.pods, 'spec.image'), {
      reason: 'BadRequest',
      message: 'field label not supported: spec.image',
    });
    assert.throws(() => requireFieldReader(kinds.configmaps, 'data.a'), {
      message: '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    assert.throws(() => requireFieldReader(kinds.pods, 'constructor'));
  });
});

describe('registry: keys', () => {
  it('are those of the design', () => {
    assert.equal(storageKey(kinds.pods, 'default', 'a'), '/registry/core/pods/default/a');
    assert.equal(storageKey(kinds.nodes, '', 'n'), '/registry/core/nodes/n');
    assert.equal(storagePrefix(kinds.deployments), '/registry/apps/deployments/');
    assert.equal(storagePrefix(kinds.leases, 'kube-system'), '/registry/coordination.k8s.io/leases/kube-system/');
  });
});
