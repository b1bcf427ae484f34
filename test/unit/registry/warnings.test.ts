import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { type Harness, startRegistry } from './harness.ts';

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
const CRITICAL = 'scheduler.alpha.kubernetes.io/critical-pod';

describe('registry: warnings', () => {
  let harness: Harness;
  before(async () => (harness = await startRegistry()));
  after(() => harness.stop());

  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const workload = { selector: { matchLabels: { a: 'b' } }, template };
  const accessModes = ['ReadWriteOnce'];
  const cases: [string, Kind, object, string[]][] = [
    [
      'names of pods',
      kinds.deployments,
      { metadata: { name: 'a.b', namespace: 'default' }, spec: workload },
      [
        'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
      ],
    ],
    [
      'old labels of nodes in topologies',
      kinds.storageclasses,
      {
        metadata: { name: 'c' },
        provisioner: 'a.example/b',
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/arch', values: ['a'] }] }],
      },
      ['allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.14; use "kubernetes.io/arch" instead'],
    ],
    [
      'old labels of nodes where there is room',
      kinds.csistoragecapacities,
      {
        metadata: { name: 'c', namespace: 'default' },
        storageClassName: 'c',
        nodeTopology: {
          matchLabels: { 'beta.kubernetes.io/os': 'linux' },
          matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }],
        },
      },
      [
        'nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
        'nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "kubernetes.io/os" instead',
      ],
    ],
    [
      'old labels of nodes that a volume is at',
      kinds.persistentvolumes,
      {
        metadata: { name: 'v' },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes,
          csi: { driver: 'a.example', volumeHandle: 'h' },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] }],
            },
          },
        },
      },
      [
        'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
      ],
    ],
    [
      'old labels of nodes for a runtime',
      kinds.runtimeclasses,
      {
        metadata: { name: 'r' },
        handler: 'h',
        scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      },
      ['scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      'what nodes have no more',
      kinds.nodes,
      { metadata: { name: 'n' }, spec: { externalID: 'x', podCIDRs: ['FD00::/64'] } },
      [
        'spec.externalID: this field is deprecated, and is unused by Kubernetes',
        'spec.podCIDRs[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
      ],
    ],
    [
      'addresses of endpoints',
      kinds.endpointslices,
      {
        metadata: { name: 'e', namespace: 'default' },
        addressType: 'IPv6',
        endpoints: [{ addresses: ['2001:db8::1'] }, { addresses: ['2001:DB8::2'] }],
      },
      ['endpoints[1].addresses[0]: IPv6 address "2001:DB8::2" should be in RFC 5952 canonical format ("2001:db8::2")'],
    ],
    [
      'names as addresses of endpoints',
      kinds.endpointslices,
      {
        metadata: { name: 'e', namespace: 'default' },
        addressType: 'FQDN',
        endpoints: [{ addresses: ['a.example'] }],
      },
      ['spec.addressType: FQDN endpoints are deprecated'],
    ],
    [
      'addresses of old endpoints',
      kinds.endpoints,
      {
        metadata: { name: 'e', namespace: 'default' },
        subsets: [
          {
            addresses: [{ ip: '2001:DB8::1' }],
            notReadyAddresses: [{ ip: '10.0.0.1' }, { ip: '2001:DB8::2' }],
            ports: [{ port: 80 }],
          },
        ],
      },
      [
        'subsets[0].addresses[0].ip: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
        'subsets[0].notReadyAddresses[1].ip: IPv6 address "2001:DB8::2" should be in RFC 5952 canonical format ("2001:db8::2")',
      ],
    ],
    [
      'a class in an annotation',
      kinds.ingresses,
      {
        metadata: { name: 'i', namespace: 'default', annotations: { 'kubernetes.io/ingress.class': 'web' } },
        spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
      },
      [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
    ],
    [
      'secrets that are held together by an account',
      kinds.serviceaccounts,
      { metadata: { name: 'a', namespace: 'default', annotations: { [MOUNTABLE]: 'true' } } },
      [
        `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
      ],
    ],
    [
      'ranges that are more than a range',
      kinds.networkpolicies,
      {
        metadata: { name: 'p', namespace: 'default' },
        spec: { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: '10.0.0.1/8', except: ['10.1.0.0/16'] } }] }] },
      },
      [
        'spec.egress[0].to[0].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      ],
    ],
    [
      'more indexes than can be told',
      kinds.jobs,
      {
        metadata: { name: 'j', namespace: 'default' },
        spec: {
          completionMode: 'Indexed',
          completions: 100_001,
          parallelism: 10_001,
          template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
        },
      },
      [
        'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
      ],
    ],
    [
      'a pod that means something else',
      kinds.pods,
      {
        metadata: { name: 'p', namespace: 'default' },
        spec: {
          nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
          hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }, { ip: 'FD00::1' }],
          imagePullSecrets: [{ name: 's' }, { name: 's' }],
          terminationGracePeriodSeconds: -1,
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { limits: { memory: '100m' } },
              env: [
                { name: 'A', value: '1' },
                { name: 'A', value: '$(A)2' },
                { name: 'A', value: '3' },
              ],
              ports: [{ containerPort: 80, name: 'web' }],
            },
            { name: 'd', image: 'i', ports: [{ containerPort: 80 }, { containerPort: 81, name: 'web' }] },
          ],
        },
      },
      [
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
        'spec.imagePullSecrets[1].name: duplicate name "s"',
        'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
        'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
        'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
        'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
        'spec.hostAliases[2].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
      ],
    ],
    [
      'a template, by its path',
      kinds.deployments,
      {
        metadata: { name: 'd', namespace: 'default' },
        spec: {
          ...workload,
          template: { ...template, metadata: { ...template.metadata, annotations: { [CRITICAL]: '' } } },
        },
      },
      [
        `spec.template.metadata.annotations[${CRITICAL}]: non-functional in v1.16+; use the "priorityClassName" field instead`,
      ],
    ],
    [
      'addresses of services',
      kinds.services,
      {
        metadata: { name: 's', namespace: 'default' },
        spec: {
          type: 'LoadBalancer',
          externalName: 'x.example',
          ports: [{ port: 80 }],
          externalIPs: ['::ffff:1.2.3.4', '2001:DB8::1', '1.2.3.4'],
          loadBalancerSourceRanges: ['10.1.2.3/8', '2001:db8:0::/64'],
          trafficDistribution: 'PreferClose',
        },
      },
      [
        'spec.externalIPs[0]: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
        'spec.externalIPs[1]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
        'spec.loadBalancerSourceRanges[0]: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
        'spec.loadBalancerSourceRanges[1]: IPv6 CIDR value "2001:db8:0::/64" should be in RFC 5952 canonical format ("2001:db8::/64")',
        'spec.externalName is ignored when spec.type is not "ExternalName"',
        'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
      ],
    ],
    [
      'a history without end',
      kinds.statefulsets,
      { spec: { ...workload, revisionHistoryLimit: -1 } },
      ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'],
    ],
    [
      'parts of bytes',
      kinds.persistentvolumeclaims,
      { spec: { accessModes, resources: { requests: { storage: '1500m' } } } },
      ['spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer'],
    ],
    [
      'limits below requests',
      kinds.resourcequotas,
      { spec: { hard: { cpu: '2', 'limits.cpu': '1' } } },
      ['ResourceQuota cpu (2) should be less than limits.cpu (1)'],
    ],
    [
      'what is gone',
      kinds.persistentvolumes,
      {
        metadata: { name: 'v' },
        spec: {
          accessModes,
          capacity: { storage: '1Gi' },
          persistentVolumeReclaimPolicy: 'Recycle',
          rbd: { monitors: ['m'], image: 'i' },
        },
      },
      [
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
      ],
    ],
    ['and nothing else', kinds.deployments, { spec: workload }, []],
  ];
  for (const [what, kind, object, expected] of cases) {
    it(`of ${what}`, async () => {
      const heard: string[] = [];
      const whole = { metadata: { name: 'x', namespace: 'default' }, ...object } as KubeObject;
      const resource = harness.registry.resource(kind);
      await resource.create(whole, { dryRun: true, warn: (text: string) => void heard.push(text) });
      assert.deepEqual(heard, expected);
    });
  }

  const statuses: [string, Kind, object, object, string[]][] = [
    [
      'a pod',
      kinds.pods,
      template.spec,
      { podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00::1' }], hostIPs: [{ ip: '10.0.0.2' }, { ip: 'FD00::2' }] },
      [
        'status.podIPs[1].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
        'status.hostIPs[1].ip: IPv6 address "FD00::2" should be in RFC 5952 canonical format ("fd00::2")',
      ],
    ],
    [
      'a service',
      kinds.services,
      { type: 'LoadBalancer', ports: [{ port: 80 }] },
      { loadBalancer: { ingress: [{ ip: '2001:DB8::1' }] } },
      [
        'status.loadBalancer.ingress[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      ],
    ],
  ];
  for (const [what, kind, spec, status, expected] of statuses) {
    it(`of the status of ${what}`, async () => {
      const heard: string[] = [];
      const resource = harness.registry.resource(kind);
      await resource.create({ metadata: { name: 'told', namespace: 'default' }, spec } as unknown as KubeObject);
      const options = { subresource: 'status' as const, warn: (text: string) => void heard.push(text) };
      await resource.mutate('default', 'told', (now) => ({ ...now, status }), options);
      assert.deepEqual(heard, expected);
    });
  }
});
