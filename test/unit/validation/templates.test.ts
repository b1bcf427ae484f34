/** What templates say that no node of this version carries out: it is judged all the same, and pods with it are refused. */
import assert from 'node:assert/strict';
import { defaultPodTemplateObject } from '../../../api/defaults/core.ts';
import { defaultPod } from '../../../api/defaults/pod.ts';
import type { Pod, PodTemplate } from '../../../api/types/core.v1.ts';
import { validatePodTemplateObject } from '../../../api/validation/core/replicationcontroller.ts';
import { validateEphemeralUpdate } from '../../../api/validation/pod/ephemeral.ts';
import { validateResize } from '../../../api/validation/pod/resize.ts';
import { validatePod } from '../../../api/validation/pod/spec.ts';
import { checkDnsSubdomain, checkLabelValue } from '../../../api/machinery/names.ts';
import { checkRules, checkUpdateRules, linesOf, type Rule } from './rules.ts';

const good = {
  metadata: { name: 'x', namespace: 'default' },
  template: { spec: { containers: [{ name: 'c', image: 'i' }] } },
} as unknown as PodTemplate;
const spec = 'template.spec';

describe('validation of templates', () => {
  const check = (rules: readonly Rule[]): void =>
    checkRules(good, defaultPodTemplateObject, validatePodTemplateObject, rules);

  it('of affinity to pods', () => {
    const path = `${spec}.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
    const term = (more: object, ...expected: string[]): Rule => [
      { [path]: [{ topologyKey: 'zone', ...more }] },
      ...expected.map((line) => `${path}[0].${line}`),
    ];
    check([
      term({ labelSelector: { matchLabels: { a: 'b' } }, matchLabelKeys: ['c'] }),
      term({ matchLabelKeys: ['c'] }, 'matchLabelKeys: Forbidden: must not be specified when labelSelector is not set'),
      term({ namespaces: ['a.b'] }, 'namespace: Invalid value: "a.b": must not contain dots'),
      term(
        { labelSelector: {}, matchLabelKeys: ['c'], mismatchLabelKeys: ['c'] },
        'matchLabelKeys[0]: Invalid value: "c": exists in both matchLabelKeys and mismatchLabelKeys',
      ),
      [
        {
          [`${spec}.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution`]: [
            { weight: 0, podAffinityTerm: { topologyKey: 'z' } },
          ],
        },
        `${spec}.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100`,
      ],
    ]);
  });

  it('of affinity to nodes: values that no label can have may be preferred', () => {
    const path = `${spec}.affinity.nodeAffinity`;
    const matchExpressions = [{ key: 'a', operator: 'In', values: ['-'] }];
    const preferred = `${path}.preferredDuringSchedulingIgnoredDuringExecution`;
    const required = `${path}.requiredDuringSchedulingIgnoredDuringExecution`;
    const field = `${required}.nodeSelectorTerms[0]`;
    const node = [{ key: 'metadata.name', operator: 'In', values: ['N'] }];
    check([
      [{ [preferred]: [{ weight: 1, preference: { matchExpressions } }] }],
      [
        { [`${required}.nodeSelectorTerms`]: [{ matchExpressions }] },
        `${field}.matchExpressions[0].values[0]: Invalid value: "-": ${checkLabelValue('-').join()}`,
      ],
      [
        { [`${required}.nodeSelectorTerms`]: [{ matchFields: node }] },
        `${field}.matchFields[0].values[0]: Invalid value: "N": ${checkDnsSubdomain('N').join()}`,
      ],
    ]);
  });

  it('of images, whatever space is around them, and of ports of the host', () => {
    check([
      [{ [`${spec}.containers.0.image`]: ' i ' }],
      [
        { [`${spec}.hostNetwork`]: true, [`${spec}.containers.0.ports`]: [{ containerPort: 80, hostPort: 81 }] },
        `${spec}.containers[0].ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`,
      ],
    ]);
  });

  it('of containers that run on beside the others', () => {
    const init = (more: object, ...expected: string[]): Rule => [
      { [`${spec}.initContainers`]: [{ name: 'i', image: 'i', ...more }] },
      ...expected.map((line) => `${spec}.initContainers[0].${line}`),
    ];
    const probe = { tcpSocket: { port: 80 } };
    check([
      init({ restartPolicy: 'Always', readinessProbe: probe }),
      init(
        { readinessProbe: probe },
        'readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ),
      init(
        { restartPolicy: 'Often' },
        'restartPolicy: Unsupported value: "Often": supported values: "Always", "Never", "OnFailure"',
      ),
      init(
        { restartPolicyRules: [{ action: 'Stop' }] },
        'restartPolicy: Required value: must specify restartPolicy when restart rules are used',
        'restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart"',
        'restartPolicyRules[0].exitCodes: Required value: must be specified',
      ),
    ]);
  });

  it('of volumes', () => {
    const volume = (more: object, ...expected: string[]): Rule => [
      { [`${spec}.volumes`]: [{ name: 'v', ...more }] },
      ...expected.map((line) => `${spec}.volumes[0].${line}`),
    ];
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    check([
      volume({ persistentVolumeClaim: { claimName: 'c' } }),
      volume({ persistentVolumeClaim: {} }, 'persistentVolumeClaim.claimName: Required value'),
      volume({ csi: {} }, 'csi.driver: Required value'),
      volume({ nfs: { server: 's', path: 'p' } }, 'nfs.path: Invalid value: "p": must be an absolute path'),
      volume({ ephemeral: { volumeClaimTemplate: { spec: claim } } }),
      volume({ ephemeral: {} }, 'ephemeral.volumeClaimTemplate: Required value'),
      volume(
        { ephemeral: { volumeClaimTemplate: { metadata: { name: 'n' }, spec: claim } } },
        'ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
      ),
      volume(
        { image: { reference: 'i', pullPolicy: 'Now' } },
        'image.pullPolicy: Unsupported value: "Now": supported values: "Always", "IfNotPresent", "Never"',
      ),
      [
        {
          [`${spec}.volumes`]: [
            { name: 'v', persistentVolumeClaim: { claimName: 'c' } },
            { name: 'e', emptyDir: {} },
          ],
          [`${spec}.containers.0.volumeDevices`]: [
            { name: 'v', devicePath: '/dev/a' },
            { name: 'e', devicePath: '/../b' },
          ],
        },
        `${spec}.containers[0].volumeDevices[1].name: Invalid value: "e": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
        `${spec}.containers[0].volumeDevices[1].devicePath: Invalid value: "/../b": can not contain backsteps ('..')`,
      ],
      [
        {
          [`${spec}.volumes`]: [{ name: 'e' }],
          [`${spec}.containers.0.volumeMounts`]: [{ name: 'e', mountPath: '/e', recursiveReadOnly: 'Enabled' }],
        },
        `${spec}.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
      ],
    ]);
  });

  it('of what a change of resources does, and of containers that are none of a template', () => {
    const resize = `${spec}.containers.0.resizePolicy`;
    const at = `${spec}.containers[0].resizePolicy`;
    check([
      [{ [resize]: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] }],
      [
        { [resize]: [{ resourceName: 'gpu', restartPolicy: 'Maybe' }] },
        `${at}: Unsupported value: "gpu": supported values: "cpu", "memory"`,
        `${at}: Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"`,
      ],
      [
        { [`${spec}.ephemeralContainers`]: [{ name: 'e', image: 'i' }] },
        `${spec}.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template`,
      ],
    ]);
  });

  it('but pods with what is not carried out are refused', () => {
    const pod = {
      metadata: {},
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        resourceClaims: [{ name: 'r', resourceClaimName: 'x' }],
      },
    };
    defaultPod(pod as unknown as Pod);
    assert.deepEqual(linesOf(validatePod(pod as unknown as Pod)), [
      'spec.resourceClaims: Forbidden: is not supported by this version of Dure',
    ]);
  });
});

describe('validation of parts of a running pod', () => {
  const pod = {
    metadata: { name: 'x', namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }],
      ephemeralContainers: [{ name: 'e', image: 'i' }],
    },
    status: {},
  } as unknown as Pod;
  const path = 'spec.ephemeralContainers';
  const second = (more: object, ...expected: string[]): Rule => [
    { [`${path}.1`]: { name: 'f', image: 'i', ...more } },
    ...expected.map((line) => `${path}[1].${line}`),
  ];

  it('ephemeral containers are added, and need little', () => {
    checkUpdateRules(pod, defaultPod, validateEphemeralUpdate, [
      second({ targetContainerName: 'c', stdin: true, tty: true }),
      second({ targetContainerName: 'z' }, 'targetContainerName: Not found: "z"'),
      second({ ports: [{ containerPort: 80 }] }, 'ports: Forbidden: cannot be set for an Ephemeral Container'),
      second(
        { lifecycle: { preStop: { sleep: { seconds: 1 } } } },
        'lifecycle: Forbidden: cannot be set for an Ephemeral Container',
      ),
      second({ name: 'c' }, 'name: Duplicate value: "c"'),
      [{ [path]: [] }, `${path}: Forbidden: existing ephemeral containers "e" may not be removed\n`],
      [{ [`${path}.0.image`]: 'j' }, `${path}: Forbidden: existing ephemeral containers "e" may not be changed\n`],
    ]);
  });

  it('resources change where the node can do it', () => {
    const container = 'spec.containers.0';
    const only = 'spec: Forbidden: only cpu and memory resources are mutable';
    checkUpdateRules(pod, defaultPod, validateResize, [
      [{ [`${container}.resources.requests.cpu`]: '2', [`${container}.resources.limits`]: { cpu: '3' } }],
      [{ [`${container}.image`]: 'j' }, only],
      [{ 'spec.nodeName': 'n' }, only],
      [
        { [`${container}.resources`]: {} },
        'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      ],
      [
        { 'spec.containers.1': { name: 'd', image: 'i' } },
        'spec.containers: Forbidden: containers may not be added or removed on resize',
      ],
      [
        { [`${container}.name`]: 'd' },
        'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
      ],
    ]);
    const running = {
      ...pod,
      status: { containerStatuses: [{ name: 'c', state: { running: {} } }] },
    } as unknown as Pod;
    assert.deepEqual(linesOf(validateResize(running, running)), [
      'spec: Forbidden: Pod running on node without support for resize',
    ]);
  });
});
