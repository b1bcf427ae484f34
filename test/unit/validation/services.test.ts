import { defaultService } from '../../../api/defaults/service.ts';
import type { Service } from '../../../api/types/core.v1.ts';
import { validateService, validateServiceUpdate } from '../../../api/validation/service.ts';
import { changed, checkRules, checkUpdateRules, type Change, type Rule } from './rules.ts';

const base = { metadata: { name: 'x', namespace: 'default' }, spec: { ports: [{ port: 80 }] } } as unknown as Service;
const addressed = { 'spec.clusterIP': '10.96.0.9', 'spec.clusterIPs': ['10.96.0.9'], 'spec.ipFamilies': ['IPv4'] };
const made = (change: Change): Service => changed(base, change);
const rules = (good: Service, ...table: Rule[]): void => checkRules(good, defaultService, validateService, table);
const updates = (good: Service, ...table: Rule[]): void =>
  checkUpdateRules(good, defaultService, validateServiceUpdate, table);

describe('validation of services in full', () => {
  it('tells of ports in the order in which they are looked at', () => {
    rules(
      made({ 'spec.type': 'NodePort' }),
      [{ 'spec.ports.0.nodePort': 70_000 }],
      [
        {
          'spec.ports': [
            { name: 'a', port: 80, nodePort: 30_000 },
            { name: 'b', port: 80, nodePort: 30_000 },
            { name: 'b', port: 81 },
          ],
        },
        'spec.ports[2].name: Duplicate value: "b"',
        'spec.ports[1].nodePort: Duplicate value: 30000',
        'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
      ],
      [
        { 'spec.type': 'Some' },
        'spec.type: Unsupported value: "Some": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    );
  });

  it('gives external names neither addresses nor families', () => {
    rules(
      made({ 'spec.type': 'ExternalName', 'spec.externalName': 'a.example.', 'spec.ports': undefined }),
      [{ 'spec.ports': [{ port: 80, nodePort: 30_000 }] }],
      [
        { 'spec.clusterIPs': ['10.96.0.9'], 'spec.ipFamilies': ['IPv4'], 'spec.ipFamilyPolicy': 'SingleStack' },
        'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
      ],
    );
  });

  it('knows which addresses go together', () => {
    const at = 'spec.clusterIPs';
    rules(
      made(addressed),
      [{ 'spec.clusterIPs': [] }, `${at}: Required value`],
      [
        { 'spec.clusterIP': '' },
        `${at}: Invalid value: ["10.96.0.9"]: must be empty when \`clusterIP\` is not specified`,
      ],
      [
        { 'spec.clusterIPs': ['10.96.0.9', '10.96.0.10'] },
        `${at}: Invalid value: ["10.96.0.9","10.96.0.10"]: may specify no more than one IP for each IP family`,
      ],
      [
        { 'spec.ipFamilies': ['IPv5', 'IPv5'] },
        'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        'spec.ipFamilies[1]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        'spec.ipFamilies[1]: Duplicate value: "IPv5"',
      ],
      [
        { 'spec.ipFamilies': ['IPv6'] },
        `${at}[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by \`ipFamilies[0]\``,
        'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
      ],
      [
        { 'spec.externalIPs': ['x', '127.0.0.1'] },
        'spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    );
  });

  it('leaves to load balancers what is theirs', () => {
    const only = "Forbidden: may only be used when `type` is 'LoadBalancer'";
    const cidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
    const annotated = {
      'metadata.annotations': { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, x' },
    };
    const at = 'metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]';
    rules(
      base,
      [
        {
          'spec.loadBalancerSourceRanges': [' 10.0.0.0/8 '],
          'spec.allocateLoadBalancerNodePorts': false,
          'spec.loadBalancerClass': 'a.io/b',
        },
        `spec.LoadBalancerSourceRanges: ${only}`,
        `spec.allocateLoadBalancerNodePorts: ${only}`,
        `spec.loadBalancerClass: ${only}`,
      ],
      [annotated, `${at}: ${only}`, `${at}: Invalid value: "x": ${cidr}`],
    );
    const balanced = made({ 'spec.type': 'LoadBalancer' });
    rules(
      balanced,
      [{ 'spec.loadBalancerSourceRanges': ['x '] }, `spec.LoadBalancerSourceRanges[0]: Invalid value: "x": ${cidr}`],
      [
        { 'spec.healthCheckNodePort': 30_001 },
        "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ],
      [
        { 'spec.healthCheckNodePort': 70_000, 'spec.externalTrafficPolicy': 'Local' },
        'spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    );
    updates(changed(balanced, annotated), [{ 'spec.externalTrafficPolicy': 'Local' }]);
  });

  it('wants both annotations about topology to say the same', () => {
    const [mode, old] = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints'];
    rules(
      base,
      [{ 'metadata.annotations': { [mode]: 'Auto', [old]: 'Auto' } }],
      [
        { 'metadata.annotations': { [mode]: 'Auto', [old]: 'Disabled' } },
        `metadata.annotations[${mode}]: Invalid value: "Auto": must match annotations[${old}] when both are specified`,
      ],
    );
  });

  it('keeps addresses, families, the class and the port for health checks', () => {
    const [at, lasting] = ['spec.clusterIPs[0]', 'may not change once set'];
    updates(
      made(addressed),
      [{ 'spec.type': 'NodePort' }],
      [{ 'spec.clusterIP': 'None', 'spec.clusterIPs': ['None'] }, `${at}: Invalid value: ["None"]: ${lasting}`],
      [
        { 'spec.clusterIP': undefined, 'spec.clusterIPs': [] },
        `${at}: Invalid value: []: primary clusterIP can not be unset`,
      ],
      [
        { 'spec.clusterIP': '10.96.0.8', 'spec.clusterIPs': ['10.96.0.8'] },
        `${at}: Invalid value: ["10.96.0.8"]: ${lasting}`,
      ],
    );
    updates(
      made({ 'spec.type': 'LoadBalancer', 'spec.externalTrafficPolicy': 'Local', 'spec.healthCheckNodePort': 30_001 }),
      [{ 'spec.healthCheckNodePort': 30_002 }, 'spec.healthCheckNodePort: Forbidden: field is immutable'],
      [{ 'spec.loadBalancerClass': 'a.io/b' }, `spec.loadBalancerClass: Invalid value: "a.io/b": ${lasting}`],
      [{ 'spec.externalTrafficPolicy': 'Cluster', 'spec.healthCheckNodePort': undefined }],
    );
  });
});
