import assert from 'node:assert/strict';
import { defaultPod } from '../../../api/defaults/pod.ts';
import type { FieldError } from '../../../api/errors.ts';
import { copyJson } from '../../../api/machinery/json.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { validatePod } from '../../../api/validation/pod/spec.ts';
import { validatePodStatusUpdate, validatePodUpdate } from '../../../api/validation/pod/update.ts';

function pod(spec: object = {}, container: object = {}): Pod {
  const made = {
    metadata: { name: 'a', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'app:1', ...container }], ...spec },
    status: {},
  } as unknown as Pod;
  defaultPod(made);
  return made;
}

const lines = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`);
const problems = (spec: object, container: object = {}): string[] => lines(validatePod(pod(spec, container)));

function refuses(what: string, errors: string[], spec: object, container: object = {}): void {
  it(`refuses ${what}`, () => assert.deepEqual(problems(spec, container), errors));
}

describe('validation of pods', () => {
  it('takes volumes of drivers that are written into the pod, whether or not there is a driver', () => {
    const volumes = [
      { name: 'a', csi: { driver: 'disk.example.com' } },
      { name: 'b', csi: { driver: 'disk.example.com', fsType: 'ext4', readOnly: true } },
    ];
    assert.deepEqual(problems({ volumes }), []);
  });

  it('takes a pod that uses much of what there is', () => {
    const spec = {
      nodeSelector: { disk: 'ssd' },
      tolerations: [
        { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
        { operator: 'Exists' },
      ],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'c', configMap: { name: 'm', items: [{ key: 'a', path: 'b/c' }] } },
      ],
      initContainers: [{ name: 'init', image: 'i' }],
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['a.b'] }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['10.0.0.1'], searches: ['a.b.', '_x.y'] },
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a' }] } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
      schedulingGates: [{ name: 'example.org/wait' }],
    };
    const container = {
      ports: [{ name: 'http', containerPort: 80, hostPort: 8080 }],
      env: [{ name: 'A B', value: '1' }],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
      resources: { requests: { cpu: '1' }, limits: { cpu: '2', 'example.org/gpu': '1' } },
      livenessProbe: { exec: { command: ['true'] } },
    };
    assert.deepEqual(problems(spec, container), []);
  });

  refuses('a pod without containers', ['spec.containers: Required value'], { containers: [] });
  refuses('a container without an image', ['spec.containers[0].image: Required value'], {}, { image: '' });
  refuses(
    'an image with blanks around it',
    ['spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace'],
    {},
    { image: ' a' },
  );
  refuses('two containers of one name', ['spec.initContainers[0].name: Duplicate value: "main"'], {
    initContainers: [{ name: 'main', image: 'i' }],
  });
  refuses(
    'a restart policy that is none',
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    { restartPolicy: 'Sometimes' },
  );
  refuses(
    'ports out of range and of one name',
    [
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'spec.containers[0].ports[1].name: Duplicate value: "a"',
      'spec.containers[0].ports[1].containerPort: Required value',
      'spec.containers[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
    {},
    {
      ports: [
        { name: 'a', containerPort: 70_000 },
        { name: 'a', protocol: 'X' },
      ],
    },
  );
  refuses(
    'namespaces of the host together with users of its own',
    ['hostNetwork', 'hostPID', 'hostIPC'].map((field) => `spec.${field}: Forbidden: when \`hostUsers\` is false`),
    { hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true },
  );
  refuses(
    'an unmasked /proc without users of its own',
    [
      'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
    ],
    {},
    { securityContext: { procMount: 'Unmasked' } },
  );
  it('takes users of its own, and an unmasked /proc with them', () => {
    assert.deepEqual(problems({ hostUsers: false }, { securityContext: { procMount: 'Unmasked' } }), []);
  });
  refuses(
    'sysctls that are no names, or named twice',
    [
      'spec.securityContext.sysctls[0].name: Invalid value: "foo-": must have at most 253 characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?',
      'spec.securityContext.sysctls[2].name: Duplicate value: "kernel.shm_rmid_forced"',
    ],
    {
      securityContext: {
        sysctls: ['foo-', 'kernel.shm_rmid_forced', 'kernel.shm_rmid_forced', 'net/ipv4/tcp_syncookies'].map(
          (name) => ({
            name,
            value: '1',
          }),
        ),
      },
    },
  );
  refuses(
    'more asked for than allowed',
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    {},
    { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
  );
  refuses(
    'amounts that are none',
    [
      'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ],
    {},
    { resources: { limits: { cpu: '-1', gpu: '1' } } },
  );
  const part = '3Mi is not positive integer multiple of hugepages-2Mi';
  refuses(
    'huge pages without anything else, and parts of them',
    [
      `spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": ${part}`,
      `spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": ${part}`,
      'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
    ],
    {},
    { resources: { limits: { 'hugepages-2Mi': '3Mi' } } },
  );
  refuses(
    'mounts of nothing and on one place',
    [
      'spec.containers[0].volumeMounts[0].name: Not found: "x"',
      'spec.containers[0].volumeMounts[1].name: Not found: "y"',
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
    ],
    {},
    {
      volumeMounts: [
        { name: 'x', mountPath: '/x' },
        { name: 'y', mountPath: '/x' },
      ],
    },
  );
  refuses(
    'a probe that does nothing, or two things, or succeeds too late',
    [
      'spec.containers[0].livenessProbe: Required value: must specify a handler type',
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
      'spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
    ],
    {},
    {
      livenessProbe: { successThreshold: 2 },
      readinessProbe: { httpGet: { port: 'http' }, tcpSocket: { port: 1 }, successThreshold: 2 },
    },
  );
  refuses(
    'environment from nowhere',
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      'spec.containers[0].env[1].name: Required value',
      'spec.containers[0].envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    ],
    {},
    { env: [{ name: 'A', valueFrom: {} }, { value: 'x' }], envFrom: [{}] },
  );
  refuses(
    'volumes of two types or the same name',
    [
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
      'spec.volumes[1].secret.secretName: Required value',
      'spec.volumes[1].name: Duplicate value: "v"',
    ],
    {
      volumes: [
        { name: 'v', emptyDir: {}, hostPath: { path: '/x' } },
        { name: 'v', secret: {} },
      ],
    },
  );
  refuses(
    'tolerations that can not be',
    [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      'spec.tolerations[1].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    ],
    { tolerations: [{}, { key: 'a', effect: 'NoSchedule', tolerationSeconds: 1 }] },
  );
  refuses(
    'node affinity without terms or values',
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
    ],
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference: {} }],
        },
      },
    },
  );
  refuses(
    'what is not carried out yet',
    [
      'spec.volumes[0].nfs: Forbidden: is not supported by this version of Dure',
      'spec.containers[0].lifecycle.stopSignal: Forbidden: is not supported by this version of Dure',
    ],
    { volumes: [{ name: 'v', nfs: { server: 's', path: '/' } }] },
    { lifecycle: { stopSignal: 'SIGUSR1' } },
  );
});

describe('validation of pod updates', () => {
  const changed = (change: (spec: Pod['spec']) => void, before = pod({ tolerations: [{ key: 'a' }] })): string[] => {
    const next = copyJson(before);
    change(next.spec);
    return lines(validatePodUpdate(next, before));
  };

  it('takes images, more tolerations, deadlines, fewer gates', () => {
    assert.deepEqual(
      changed((spec) => (spec.containers[0]!.image = 'app:2')),
      [],
    );
    assert.deepEqual(
      changed((spec) => spec.tolerations?.push({ key: 'b', operator: 'Exists' })),
      [],
    );
    assert.deepEqual(
      changed((spec) => (spec.activeDeadlineSeconds = 60)),
      [],
    );
    const gated = pod({ schedulingGates: [{ name: 'a' }, { name: 'b' }] });
    assert.deepEqual(
      changed((spec) => spec.schedulingGates?.pop(), gated),
      [],
    );
    assert.equal(changed((spec) => spec.schedulingGates?.push({ name: 'c' }), gated).length, 1);
  });

  it('takes nothing else', () => {
    for (const change of [
      (spec: Pod['spec']) => (spec.nodeName = 'n1'),
      (spec: Pod['spec']) => (spec.containers[0]!.command = ['sh']),
      (spec: Pod['spec']) => (spec.restartPolicy = 'Never'),
      (spec: Pod['spec']) => (spec.terminationGracePeriodSeconds = 5),
    ]) {
      assert.match(changed(change)[0] ?? '', /^spec: Forbidden: pod updates may not change fields other than/);
    }
    assert.deepEqual(
      changed((spec) => spec.containers.push(spec.containers[0]!)),
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    );
    assert.deepEqual(
      changed((spec) => (spec.tolerations = [])),
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    );
    const timed = pod({ activeDeadlineSeconds: 10 });
    assert.deepEqual(
      changed((spec) => (spec.activeDeadlineSeconds = 20), timed),
      ['spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value'],
    );
  });

  it('lets no container of a pod that never restarts come back', () => {
    const before = pod({ restartPolicy: 'Never' });
    before.status = { containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }] } as never;
    const next = { ...before, status: { containerStatuses: [{ name: 'main', state: { running: {} } }] } } as never;
    assert.deepEqual(lines(validatePodStatusUpdate(next, before)), [
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
  });
});
