import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Namespace, Pod } from '../../../api/types/core.v1.ts';
import { type Level, violationsOf, violationsText } from '../../../control-plane/admission/pod-security/standard.ts';
import { policyOf } from '../../../control-plane/admission/pod-security/policy.ts';
import type { RequestOptions } from '../../../control-plane/registry/prepare.ts';
import { type Harness, podNamed, startRegistry } from './harness.ts';

type Spec = Partial<Pod['spec']>;
const good = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const one = (securityContext: object, more: object = {}): Spec =>
  ({ containers: [{ name: 'a', image: 'i', securityContext, ...more }] }) as unknown as Spec;
const found = (level: Level, spec: Spec, version = 'latest'): string =>
  violationsText(violationsOf(podNamed('p', spec), { level, version }));

describe('pod security standards', () => {
  const baseline: [Spec, string][] = [
    [one({}), ''],
    [{ hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    [one({ privileged: true }), 'privileged (container "a" must not set securityContext.privileged=true)'],
    [
      one({ capabilities: { add: ['SYS_ADMIN', 'CHOWN'] } }),
      'non-default capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [{ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [one({}, { ports: [{ containerPort: 1, hostPort: 80 }] }), 'hostPort (container "a" uses hostPort 80)'],
    [one({ procMount: 'Unmasked' }), 'procMount (container "a" must not set securityContext.procMount to "Unmasked")'],
    [
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      { securityContext: { seLinuxOptions: { type: 'evil_t', user: 'u' } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "evil_t"; user may not be set)',
    ],
    [{ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'forbidden sysctls (kernel.msgmax)'],
    [
      one({ appArmorProfile: { type: 'Unconfined' } }),
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ],
  ];
  baseline.push(
    [
      one(
        {},
        {
          livenessProbe: { httpGet: { host: '10.0.0.1', port: 1 } },
          lifecycle: { preStop: { tcpSocket: { host: 'b', port: 1 } } },
        },
      ),
      'probe or lifecycle host (container "a" uses probe or lifecycle hosts "10.0.0.1", "b")',
    ],
    [{ hostUsers: false, ...one({ procMount: 'Unmasked' }) }, ''],
    [
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      one(
        {},
        {
          ports: [
            { containerPort: 1, hostPort: 9 },
            { containerPort: 2, hostPort: 80 },
          ],
        },
      ),
      'hostPort (container "a" uses hostPorts 80, 9)',
    ],
  );
  for (const [spec, wanted] of baseline) {
    it(`baseline: ${wanted || 'a plain pod passes'}`, () => assert.equal(found('baseline', spec), wanted));
  }

  const restricted: [Spec, string][] = [
    [one(good), ''],
    [
      one({}),
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [one({ ...good, runAsUser: 0 }), 'runAsUser=0 (container "a" must not set runAsUser=0)'],
    [
      { ...one(good), volumes: [{ name: 'v', hostPath: { path: '/' } }] },
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ],
    [
      one({ ...good, runAsNonRoot: false }),
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
  ];
  restricted.push(
    [{ ...one(good), volumes: [{ name: 'v', image: { reference: 'i' } }] }, ''],
    [{ hostUsers: false, ...one({ ...good, runAsNonRoot: false, runAsUser: 0 }) }, ''],
    [
      { hostUsers: false, ...one({ ...good, procMount: 'Unmasked' }) },
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      { ...one(good), securityContext: { runAsNonRoot: false } },
      'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
    ],
    [
      one({ ...good, seccompProfile: { type: 'Unconfined' } }),
      'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [{ os: { name: 'windows' }, ...one({ runAsNonRoot: true }) }, ''],
  );
  for (const [spec, wanted] of restricted) {
    it(`restricted: ${wanted || 'a careful pod passes'}`, () => assert.equal(found('restricted', spec), wanted));
  }

  const versions: [Level, Spec, string, string][] = [
    ['baseline', one({}, { readinessProbe: { tcpSocket: { host: 'h', port: 1 } } }), 'v1.33', 'v1.34'],
    ['baseline', { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }, 'v1.32', 'v1.31'],
    ['baseline', { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }, 'v1.31', 'v1.30'],
    ['baseline', { hostUsers: false, ...one({ procMount: 'Unmasked' }) }, 'v1.35', 'v1.34'],
    ['baseline', { securityContext: { seccompProfile: { type: 'Unconfined' } } }, 'v1.18', 'v1.19'],
    ['restricted', one({ ...good, runAsUser: 0 }), 'v1.22', 'v1.23'],
    ['restricted', one({ ...good, capabilities: {} }), 'v1.21', 'v1.22'],
    ['restricted', { os: { name: 'windows' }, ...one({ runAsNonRoot: true }) }, 'v1.25', 'v1.24'],
    ['restricted', one({ ...good, runAsUser: 0 }), 'v1.0', 'v1.99'],
  ];
  for (const [level, spec, passing, failing] of versions) {
    it(`${level}: ${JSON.stringify(spec)} passes in ${passing} and not in ${failing}`, () => {
      assert.equal(found(level, spec, passing), '');
      assert.notEqual(found(level, spec, failing), '');
    });
  }

  describe('by the labels of a namespace', () => {
    let harness: Harness;
    beforeEach(async () => (harness = await startRegistry()));
    afterEach(() => harness.stop());

    const label = async (labels: Record<string, string>): Promise<void> => {
      const namespaces = harness.registry.resource(kinds.namespaces);
      await namespaces.mutate('', 'default', (found) => ({
        ...found,
        metadata: { ...found.metadata, labels: { ...found.metadata.labels, ...labels } },
      }));
      await harness.settle(kinds.namespaces as unknown as Kind);
    };

    it('are enforced', async () => {
      const pods = harness.registry.resource(kinds.pods);
      await pods.create(podNamed('before', { hostPID: true }));
      await label({ 'pod-security.kubernetes.io/enforce': 'baseline' });
      await assert.rejects(pods.create(podNamed('after', { hostPID: true })), (error) => {
        assert.ok(isStatusError(error, 'Forbidden'));
        const why = 'pods "after" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)';
        assert.equal(error.message, why);
        return true;
      });
      await pods.create(podNamed('plain'));
    });

    const listening = (): RequestOptions & { warned: string[]; noted: [string, string][] } => {
      const warned: string[] = [];
      const noted: [string, string][] = [];
      const warn = (text: string): void => void warned.push(text);
      return { warned, noted, warn, annotate: (key, value) => void noted.push([key, value]) };
    };

    it('are warned of and noted, also where only a template breaks them', async () => {
      await label({
        'pod-security.kubernetes.io/warn': 'baseline',
        'pod-security.kubernetes.io/warn-version': 'v1.30',
        'pod-security.kubernetes.io/audit': 'baseline',
      });
      const why = 'host namespaces (hostPID=true)';
      const request = listening();
      await harness.registry.resource(kinds.pods).create(podNamed('p', { hostPID: true }), request);
      assert.deepEqual(request.warned, [`would violate PodSecurity "baseline:v1.30": ${why}`]);
      assert.deepEqual(request.noted, [
        ['pod-security.kubernetes.io/enforce-policy', 'privileged:latest'],
        ['pod-security.kubernetes.io/audit-violations', `would violate PodSecurity "baseline:latest": ${why}`],
      ]);
      const template = { metadata: { labels: { a: 'b' } }, spec: podNamed('p', { hostPID: true }).spec };
      const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
      const again = listening();
      const set = { metadata: { namespace: 'default', name: 's' }, spec } as unknown as ReplicaSet;
      await harness.registry.resource(kinds.replicasets).create(set, again);
      assert.deepEqual(again.warned, [`would violate PodSecurity "baseline:v1.30": ${why}`]);
    });

    it('are warned of where they are enforced, and nothing else is said', async () => {
      await label({ 'pod-security.kubernetes.io/enforce': 'restricted' });
      const template = { metadata: { labels: { a: 'b' } }, spec: podNamed('p').spec };
      const request = listening();
      const job = { metadata: { namespace: 'default', name: 'j' }, spec: { template } } as unknown as Job;
      job.spec.template.spec.restartPolicy = 'Never';
      await harness.registry.resource(kinds.jobs).create(job, request);
      assert.match(request.warned.join(), /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation/);
      const refused = listening();
      await assert.rejects(harness.registry.resource(kinds.pods).create(podNamed('q'), refused));
      assert.deepEqual(refused.warned, []);
    });

    it('are held against the pods that are there when they become stricter', async () => {
      const pods = harness.registry.resource(kinds.pods);
      for (const name of ['b', 'a', 'c']) await pods.create(podNamed(name, { hostPID: true }));
      await pods.create(podNamed('d', { hostNetwork: true }));
      await harness.settle(kinds.pods as unknown as Kind);
      const request = listening();
      const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' };
      const stricter = (found: Namespace): Namespace => ({ ...found, metadata: { ...found.metadata, labels } });
      await harness.registry.resource(kinds.namespaces).mutate('', 'default', stricter, request);
      assert.deepEqual(request.warned, [
        'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
        'a (and 3 other pods): host namespaces',
      ]);
    });

    it('are the strictest where nobody can read them', async () => {
      const errors = policyOf({
        metadata: {
          labels: { 'pod-security.kubernetes.io/enforce': 'x', 'pod-security.kubernetes.io/warn-version': '2' },
        },
      });
      assert.deepEqual(errors.policy.enforce, { level: 'restricted', version: 'latest' });
      assert.deepEqual(errors.policy.warn, { level: 'privileged', version: 'latest' });
      assert.equal(errors.errors.length, 2);
    });

    it('have to mean something', async () => {
      await assert.rejects(label({ 'pod-security.kubernetes.io/warn': 'some' }), (error) => {
        assert.ok(isStatusError(error, 'Invalid'));
        assert.match(error.message, /must be one of privileged, baseline, restricted/);
        return true;
      });
    });
  });
});
