import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Pod, Service } from '../../../api/types/core.v1.ts';
import { type Harness, podNamed, startRegistry } from './harness.ts';

describe('registry: create', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await startRegistry()));
  afterEach(() => harness.stop());

  it('stores a pod with what the server adds, and without resourceVersion', async () => {
    const pods = harness.registry.resource(kinds.pods);
    const pod = await pods.create(podNamed('a'));
    assert.match(pod.metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(pod.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
    assert.equal(pod.metadata.generation, 1);
    assert.equal(pod.kind, 'Pod');
    assert.deepEqual(pod.status, { phase: 'Pending', qosClass: 'BestEffort' });
    assert.equal(pod.spec.serviceAccountName, 'default');
    assert.equal(pod.spec.priority, 0);
    assert.equal(pod.spec.preemptionPolicy, 'PreemptLowerPriority');
    assert.deepEqual(
      pod.spec.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
      [
        ['node.kubernetes.io/not-ready', 300],
        ['node.kubernetes.io/unreachable', 300],
      ],
    );
    const entry = await harness.store.get('/registry/core/pods/default/a');
    assert.equal(JSON.parse(entry!.value.toString()).metadata.resourceVersion, undefined);
    assert.equal(pod.metadata.resourceVersion, String(entry!.revision));
  });

  it('does not touch the object it was given', async () => {
    const given = podNamed('a');
    const before = JSON.stringify(given);
    await harness.registry.resource(kinds.pods).create(given);
    assert.equal(JSON.stringify(given), before);
  });

  it('generates names of five characters and tries again when one is taken', async () => {
    const numbers = [...Array(5).fill(0), ...Array(5).fill(0), ...Array(5).fill(1)] as number[];
    await harness.stop();
    harness = await startRegistry({ random: () => numbers.shift() ?? 2 });
    const pods = harness.registry.resource(kinds.pods);
    const pod = { ...podNamed(''), metadata: { generateName: 'web-', namespace: 'default' } };
    assert.equal((await pods.create(pod)).metadata.name, 'web-bbbbb');
    assert.equal((await pods.create(pod)).metadata.name, 'web-ccccc');
  });

  it('prepares each generated name anew', async () => {
    const numbers = [...Array(5).fill(0), ...Array(5).fill(0), ...Array(5).fill(1)] as number[];
    await harness.stop();
    harness = await startRegistry({ random: () => numbers.shift() ?? 2 });
    const namespaces = harness.registry.resource(kinds.namespaces);
    await namespaces.create({ metadata: { generateName: 'n-' } } as never);
    const second = await namespaces.create({ metadata: { generateName: 'n-' } } as never);
    assert.equal(second.metadata.name, 'n-ccccc');
    assert.deepEqual(second.metadata.labels, { 'kubernetes.io/metadata.name': 'n-ccccc' });
  });

  it('gives up on generated names after a bounded number of tries', async () => {
    await harness.stop();
    harness = await startRegistry({ random: () => 0 });
    const pods = harness.registry.resource(kinds.pods);
    const pod = { ...podNamed(''), metadata: { generateName: 'web-', namespace: 'default' } };
    await pods.create(pod);
    await assert.rejects(pods.create(pod), (error) => isStatusError(error, 'AlreadyExists'));
  });

  it('refuses what exists, what has a resourceVersion and what has no namespace', async () => {
    const pods = harness.registry.resource(kinds.pods);
    await pods.create(podNamed('a'));
    await assert.rejects(pods.create(podNamed('a')), { reason: 'AlreadyExists', message: 'pods "a" already exists' });
    const versioned = { ...podNamed('b'), metadata: { name: 'b', namespace: 'default', resourceVersion: '1' } };
    await assert.rejects(pods.create(versioned), { reason: 'BadRequest' });
    const lost: Pod = { ...podNamed('c'), metadata: { name: 'c', namespace: 'gone' } };
    await assert.rejects(pods.create(lost), { reason: 'NotFound', message: 'namespaces "gone" not found' });
  });

  it('finds a namespace the cache does not know yet', async () => {
    await harness.registry.resource(kinds.namespaces).create({ metadata: { name: 'new' } } as never);
    const pod: Pod = { ...podNamed('a'), metadata: { name: 'a', namespace: 'new' } };
    assert.equal((await harness.registry.resource(kinds.pods).create(pod)).metadata.namespace, 'new');
  });

  it('refuses new content in a namespace that is being deleted, with its cause', async () => {
    const namespaces = harness.registry.resource(kinds.namespaces);
    await namespaces.create({ metadata: { name: 'old' } } as never);
    await namespaces.delete('', 'old');
    await harness.settle(kinds.namespaces);
    const pod: Pod = { ...podNamed('a'), metadata: { name: 'a', namespace: 'old' } };
    await assert.rejects(harness.registry.resource(kinds.pods).create(pod), (error) => {
      assert.ok(isStatusError(error, 'Forbidden'));
      assert.equal(
        error.message,
        'pods "a" is forbidden: unable to create new content in namespace old because it is being terminated',
      );
      assert.equal(error.details?.causes?.[0]?.reason, 'NamespaceTerminating');
      return true;
    });
  });

  it('writes nothing on a dry run, but goes the whole way', async () => {
    const services = harness.registry.resource(kinds.services);
    const service = { metadata: { name: 's', namespace: 'default' }, spec: { ports: [{ port: 80 }] } } as Service;
    const made = await services.create(service, { dryRun: true });
    assert.match(made.spec.clusterIP ?? '', /^10\.96\./);
    await assert.rejects(services.get('default', 's'), { reason: 'NotFound' });
    assert.equal((await harness.store.list('/allocations/')).entries.length, 0);
    const bad = { ...service, spec: { ports: [{ port: 0 }] } } as Service;
    await assert.rejects(services.create(bad, { dryRun: true }), { reason: 'Invalid' });
    await services.create(service);
    await assert.rejects(services.create(service, { dryRun: true }), { reason: 'AlreadyExists' });
  });

  it('keeps events for an hour', async () => {
    const events = harness.registry.resource(kinds.events);
    const metadata = { name: 'e', namespace: 'default' };
    await events.create({ metadata, involvedObject: { kind: 'Pod', namespace: 'default', name: 'a' } } as never);
    harness.clock.advance(3_300_000);
    await events.get('default', 'e');
    harness.clock.advance(1_000_000);
    await assert.rejects(events.get('default', 'e'), { reason: 'NotFound' });
  });

  it('lets pods use no secret but those of their account, where the account says so', async () => {
    const accounts = harness.registry.resource(kinds.serviceaccounts);
    const pods = harness.registry.resource(kinds.pods);
    const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
    const metadata = { name: 'careful', namespace: 'default', annotations };
    await accounts.create({ metadata, secrets: [{ name: 's' }], imagePullSecrets: [{ name: 'pull' }] });
    const serviceAccountName = 'careful';
    const using = (fields: object): Pod => {
      const container = { name: 'c', image: 'i', ...fields };
      return podNamed('a', { serviceAccountName, containers: [container] } as unknown as Pod['spec']);
    };
    const not = 'is not allowed because service account careful does not reference that';
    const refused = async (pod: Pod, why: string): Promise<void> =>
      assert.rejects(pods.create(pod), { reason: 'Forbidden', message: `pods "a" is forbidden: ${why}` });
    await refused(
      using({ env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }] }),
      `container c with envVar E referencing secret.secretName="other" ${not} secret`,
    );
    await refused(
      using({ envFrom: [{ secretRef: { name: 'other' } }] }),
      `container c with envFrom referencing secret.secretName="other" ${not} secret`,
    );
    const volumes = [{ name: 'v', secret: { secretName: 'other' } }];
    await refused(
      podNamed('a', { serviceAccountName, volumes } as unknown as Pod['spec']),
      `volume with secret.secretName="other" ${not} secret`,
    );
    await refused(
      podNamed('a', { serviceAccountName, imagePullSecrets: [{ name: 'x' }] }),
      `imagePullSecrets[0].name="x" ${not} imagePullSecret`,
    );
    await pods.create(using({ envFrom: [{ secretRef: { name: 's' } }] }));
    const ephemeralContainers = [{ name: 'e', image: 'i', envFrom: [{ secretRef: { name: 'other' } }] }];
    const look = (pod: Pod): Pod => ({ ...pod, spec: { ...pod.spec, ephemeralContainers } as unknown as Pod['spec'] });
    await assert.rejects(pods.mutate('default', 'a', look, { subresource: 'ephemeralcontainers' }), {
      message: `pods "a" is forbidden: ephemeral container e with envFrom referencing secret.secretName="other" ${not} secret`,
    });
  });

  it('lets images of what a node runs by itself name nobody', async () => {
    const pods = harness.registry.resource(kinds.pods);
    const mirror = (spec: Partial<Pod['spec']>): Pod => {
      const pod = podNamed('m', spec);
      return { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } };
    };
    await assert.rejects(pods.create(mirror({ serviceAccountName: 'default' })), /may not reference service accounts/);
    await assert.rejects(pods.create(mirror({ imagePullSecrets: [{ name: 's' }] })), /may not reference secrets/);
  });

  it('refuses a service account and a priority class that do not exist', async () => {
    const pods = harness.registry.resource(kinds.pods);
    await assert.rejects(pods.create(podNamed('a', { serviceAccountName: 'robot' })), {
      reason: 'Forbidden',
      message:
        'pods "a" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    });
    await assert.rejects(pods.create(podNamed('a', { priorityClassName: 'high' })), { reason: 'Forbidden' });
    const system = await pods.create(podNamed('a', { priorityClassName: 'system-node-critical' }));
    assert.equal(system.spec.priority, 2_000_001_000);
  });
});
