import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/schema/types/core.v1.ts';
import { type Level, violationsOf, violationsText } from '../../../control-plane/admission/pod-security-checks.ts';
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
const found = (level: Level, spec: Spec): string => violationsText(violationsOf(podNamed('p', spec), level));

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
  for (const [spec, wanted] of restricted) {
    it(`restricted: ${wanted || 'a careful pod passes'}`, () => assert.equal(found('restricted', spec), wanted));
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

    it('have to mean something', async () => {
      await assert.rejects(label({ 'pod-security.kubernetes.io/warn': 'some' }), (error) => {
        assert.ok(isStatusError(error, 'Invalid'));
        assert.match(error.message, /must be one of privileged, baseline, restricted/);
        return true;
      });
    });
  });
});
