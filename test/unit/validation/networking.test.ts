import { kinds } from '../../../api/kinds.ts';
import { networkingStrategies } from '../../../control-plane/registry/strategies/groups/networking.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';
import { onCreate, onStatus, onUpdate, type Table } from './rules.ts';

const table = (key: keyof typeof networkingStrategies, spec: object): Table => ({
  kind: kinds[key],
  strategy: networkingStrategies[key] as Strategy as Table['strategy'],
  base: { spec },
});

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('validation of networking.k8s.io', () => {
  const service = { name: 'web', port: { number: 80 } };
  const path = { path: '/', pathType: 'Prefix', backend: { service } };
  const ingress = table('ingresses', { rules: [{ host: 'a.example', http: { paths: [path] } }] });
  const at = 'spec.rules.0.http.paths.0';
  const field = 'spec.rules[0].http.paths[0]';

  onCreate(ingress, [
    [{ 'spec.rules': [] }, 'spec: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
    [{ 'spec.rules.0.host': 'A' }, `spec.rules[0].host: Invalid value: "A": ${SUBDOMAIN}`],
    [
      { 'spec.rules.0.host': '10.0.0.1' },
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ],
    [{ 'spec.rules.0.host': '*.a.example' }],
    [{ 'spec.rules.0.http.paths': [] }, 'spec.rules[0].http.paths: Required value'],
    [{ [`${at}.pathType`]: undefined }, `${field}.pathType: Required value: pathType must be specified`],
    [
      { [`${at}.pathType`]: 'Glob' },
      `${field}.pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
    [{ [`${at}.path`]: 'a' }, `${field}.path: Invalid value: "a": must be an absolute path`],
    [{ [`${at}.path`]: '/a//b' }, `${field}.path: Invalid value: "/a//b": must not contain '//'`],
    [{ [`${at}.path`]: '/a/..' }, `${field}.path: Invalid value: "/a/..": cannot end with '/..'`],
    [{ [`${at}.pathType`]: 'ImplementationSpecific', [`${at}.path`]: '/a//b' }],
    [{ [`${at}.backend`]: {} }, `${field}.backend: Invalid value: "": resource or service backend is required`],
    [
      { [`${at}.backend.resource`]: { kind: 'Bucket', name: 'b' } },
      `${field}.backend: Invalid value: "": cannot set both resource and service backends`,
    ],
    [
      { [`${at}.backend`]: { resource: { kind: 'a/b', name: '' } } },
      `${field}.backend.resource.kind: Invalid value: "a/b": may not contain '/'`,
      `${field}.backend.resource.name: Required value`,
    ],
    [{ [`${at}.backend.service.name`]: '' }, `${field}.backend.service.name: Required value`],
    [{ [`${at}.backend.service.name`]: 'A' }, `${field}.backend.service.name: Invalid value: "A": ${LABEL}`],
    [{ [`${at}.backend.service.port`]: {} }, `${field}.backend: Required value: port name or number is required`],
    [
      { [`${at}.backend.service.port.name`]: 'http' },
      `${field}.backend: Invalid value: "": cannot set both port name & port number`,
    ],
    [
      { [`${at}.backend.service.port.number`]: 70000 },
      `${field}.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive`,
    ],
    [
      { 'spec.tls': [{ hosts: ['*'], secretName: 'A' }] },
      'spec.tls[0].hosts[0]: Invalid value: "*": ' +
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      `spec.tls[0].secretName: Invalid value: "A": ${SUBDOMAIN}`,
    ],
    [{ 'spec.ingressClassName': 'A' }, `spec.ingressClassName: Invalid value: "A": ${SUBDOMAIN}`],
    [
      { 'spec.ingressClassName': 'a', 'metadata.annotations': { 'kubernetes.io/ingress.class': 'b' } },
      'annotations.kubernetes.io/ingress.class: Invalid value: "b": must match `ingressClassName` when both are specified',
    ],
  ]);
  onStatus(ingress, [
    [
      { 'status.loadBalancer.ingress': [{ ip: '1.2.3' }] },
      'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { 'status.loadBalancer.ingress': [{ hostname: '1.2.3.4' }] },
      'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ],
  ]);

  const ingressClass = table('ingressclasses', { controller: 'example.com/c', parameters: { kind: 'C', name: 'c' } });
  onCreate(ingressClass, [
    [{ 'spec.controller': '' }, 'spec.controller: Required value'],
    [
      { 'spec.controller': 'c' },
      'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [{ 'spec.controller': 'A/c' }, `spec.controller: Invalid value: "A": ${SUBDOMAIN}`],
    [
      { 'spec.controller': 'a/?' },
      `spec.controller: Invalid value: "?": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
    ],
    [{ 'spec.controller': `a/${'b'.repeat(249)}` }, 'spec.controller: Too long: may not be more than 250 bytes'],
    [
      { 'spec.parameters.scope': 'Zone' },
      'spec.parameters.scope: Unsupported value: "Zone": supported values: "Cluster", "Namespace"',
    ],
    [
      { 'spec.parameters.namespace': 'n' },
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
    ],
    [
      { 'spec.parameters.scope': 'Namespace' },
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ],
    [{ 'spec.parameters.kind': '' }, 'spec.parameters.kind: Required value'],
  ]);
  onUpdate(ingressClass, [
    [{ 'spec.parameters': undefined }],
    [{ 'spec.controller': 'a/b' }, 'spec.controller: Invalid value: "a/b": field is immutable'],
  ]);

  const policy = table('networkpolicies', {
    podSelector: {},
    ingress: [{ ports: [{ port: 80 }], from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }],
  });
  const port = 'spec.ingress.0.ports.0';
  const from = 'spec.ingress.0.from.0';
  onCreate(policy, [
    [
      { 'spec.podSelector.matchLabels': { 'a b': 'c' } },
      "spec.podSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
    [
      { [`${port}.protocol`]: 'ICMP' },
      'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
    ],
    [
      { [`${port}.endPort`]: 79 },
      'spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`',
    ],
    [
      { [`${port}`]: { endPort: 79 } },
      'spec.ingress[0].ports[0].endPort: Invalid value: 79: may not be specified when `port` is not specified',
    ],
    [
      { [`${port}`]: { port: 'web', endPort: 79 } },
      'spec.ingress[0].ports[0].endPort: Invalid value: 79: may not be specified when `port` is non-numeric',
    ],
    [
      { [`${port}.port`]: 0 },
      'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [{ [from]: {} }, 'spec.ingress[0].from[0]: Required value: must specify a peer'],
    [
      { [`${from}.podSelector`]: {} },
      'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
    ],
    [{ [`${from}.ipBlock`]: { cidr: '' } }, 'spec.ingress[0].from[0].ipBlock.cidr: Required value'],
    [
      { [`${from}.ipBlock`]: { cidr: 'x' } },
      'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
    [
      { [`${from}.ipBlock.except`]: ['11.0.0.0/16'] },
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ],
    [
      { [`${from}.ipBlock.except`]: ['10.0.0.0/8'] },
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
    ],
    [
      { 'spec.policyTypes': ['Sideways'] },
      'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"',
    ],
    [
      { 'spec.policyTypes': ['Ingress', 'Ingress', 'Egress'] },
      'spec.policyTypes: Invalid value: ["Ingress","Ingress","Egress"]: may not specify more than two policyTypes',
    ],
  ]);

  const range = table('servicecidrs', { cidrs: ['10.0.0.0/16'] });
  onCreate(range, [
    [{ 'spec.cidrs': [] }, 'spec.cidrs: Required value: at least one CIDR required'],
    [
      { 'spec.cidrs': ['10.0.0.1/16'] },
      'spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length',
    ],
    [
      { 'spec.cidrs': ['FD00::/64'] },
      'spec.cidrs[0]: Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")',
    ],
    [
      { 'spec.cidrs': ['10.0.0.0/16', '10.1.0.0/16'] },
      'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
    [
      { 'spec.cidrs': ['10.0.0.1/16', '10.1.0.0/16'] },
      'spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length',
      'spec.cidrs: Invalid value: ["10.0.0.1/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
    [
      { 'spec.cidrs': ['a', 'b', 'c'] },
      'spec.cidrs: Invalid value: {"cidrs":["a","b","c"]}: may only hold up to 2 values',
    ],
  ]);
  onUpdate(range, [
    [{ 'spec.cidrs': ['10.0.0.0/16', 'fd00::/64'] }],
    [{ 'spec.cidrs': ['10.1.0.0/16'] }, 'spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable'],
    [{ 'spec.cidrs': [] }, 'spec.cidrs: Invalid value: []: field is immutable'],
  ]);

  const parentRef = { resource: 'services', namespace: 'default', name: 'web' };
  const address = table('ipaddresses', { parentRef });
  onCreate(address, [
    [{ 'spec.parentRef': undefined }, 'spec.parentRef: Required value'],
    [{ 'spec.parentRef.resource': '' }, 'spec.parentRef.resource: Required value'],
    [{ 'spec.parentRef.name': 'a/b' }, 'spec.parentRef.name: Invalid value: "a/b": may not contain \'/\''],
  ]);
  onUpdate(address, [
    [
      { 'spec.parentRef.name': 'other' },
      'spec.parentRef: Invalid value: {"resource":"services","namespace":"default","name":"other"}: field is immutable',
    ],
  ]);
});
