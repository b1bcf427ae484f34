import assert from 'node:assert/strict';
import { defaultEndpointSlice, defaultSecret } from '../../../api/defaults/other.ts';
import { defaultService, defaultServiceStatus } from '../../../api/defaults/service.ts';
import { defaultDeployment } from '../../../api/defaults/workloads.ts';
import type { FieldError } from '../../../api/errors.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { ConfigMap, Namespace, Node, Secret, Service } from '../../../api/types/core.v1.ts';
import type { ObjectMeta } from '../../../api/types/meta.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { checkDnsSubdomain, checkLabelValue, checkPercent } from '../../../api/machinery/names.ts';
import {
  validateLease,
  validateNamespaceFinalizers,
  validateNamespaceStatus,
  validateNode,
  validateNodeUpdate,
} from '../../../api/validation/cluster.ts';
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateSecret,
  validateSecretUpdate,
} from '../../../api/validation/config.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../../../api/validation/endpointslice.ts';
import { validateCoreEvent } from '../../../api/validation/events.ts';
import { FieldErrors } from '../../../api/validation/field-errors.ts';
import { validateMetadata, validateMetadataUpdate } from '../../../api/validation/metadata.ts';
import { validateService, validateServiceStatus } from '../../../api/validation/service.ts';
import {
  validateDeployment,
  validateDeploymentStatus,
  validateDeploymentUpdate,
} from '../../../api/validation/workloads.ts';

const lines = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`);
const metadata = { name: 'x', namespace: 'default' };
const LABEL_VALUE = checkLabelValue('-').join();
const PERCENT = checkPercent('10x').join();

describe('validation of metadata', () => {
  const problems = (more: ObjectMeta): string[] => {
    const errors = new FieldErrors();
    validateMetadata(errors, { ...metadata, ...more }, { namespaced: true, checkName: checkDnsSubdomain });
    return lines(errors.list);
  };

  it('names, labels, annotations, owners, finalizers', () => {
    assert.deepEqual(problems({}), []);
    assert.match(
      problems({ name: 'A' })[0] ?? '',
      /^metadata\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/,
    );
    assert.deepEqual(problems({ name: '' }), ['metadata.name: Required value: name or generateName is required']);
    assert.deepEqual(problems({ generateName: 'web-' }), []);
    assert.match(problems({ labels: { 'a b': 'c' } })[0] ?? '', /^metadata\.labels: Invalid value: "a b": name part/);
    assert.match(problems({ labels: { a: '-' } })[0] ?? '', /^metadata\.labels: Invalid value: "-": a valid label/);
    assert.deepEqual(problems({ annotations: { a: 'x'.repeat(262_144) } }), [
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u', controller: true };
    assert.equal(problems({ ownerReferences: [owner, { ...owner, name: 'b' }] }).length, 1);
    assert.deepEqual(problems({ finalizers: ['hold'] }), [
      'metadata.finalizers[0]: Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  it('names the finalizers that came too late', () => {
    const errors = new FieldErrors();
    const before = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    validateMetadataUpdate(errors, { ...before, finalizers: ['a/b'] }, before);
    assert.deepEqual(lines(errors.list), [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}',
    ]);
  });
});

describe('validation of workloads', () => {
  const deployment = (spec: object = {}): Deployment => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const made = { metadata, spec: { selector: { matchLabels: { app: 'a' } }, template, ...spec } };
    defaultDeployment(made as unknown as Deployment);
    return made as unknown as Deployment;
  };
  const problems = (spec: object): string[] => lines(validateDeployment(deployment(spec)));

  it('of deployments', () => {
    assert.deepEqual(problems({}), []);
    assert.deepEqual(problems({ replicas: -1 }), [
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
    assert.deepEqual(problems({ selector: undefined }), [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ]);
    assert.deepEqual(problems({ selector: { matchLabels: { app: '-' } }, template: { spec: { containers: [] } } }), [
      `spec.selector.matchLabels: Invalid value: "-": ${LABEL_VALUE}`,
      'spec.selector: Invalid value: {"matchLabels":{"app":"-"}}: invalid label selector',
    ]);
    assert.deepEqual(problems({ minReadySeconds: -1, strategy: { rollingUpdate: { maxUnavailable: '10x' } } }), [
      `spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "10x": ${PERCENT}`,
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
    ]);
    assert.deepEqual(problems({ strategy: { rollingUpdate: { maxUnavailable: '200x', maxSurge: 0 } } }), [
      `spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "200x": ${PERCENT}`,
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "200x": may not be 0 when `maxSurge` is 0',
    ]);
    assert.deepEqual(problems({ selector: {} }), [
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ]);
    assert.deepEqual(problems({ selector: { matchLabels: { app: 'b' } } }), [
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ]);
    assert.deepEqual(problems({ strategy: { type: 'Recreate', rollingUpdate: {} } }), [
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ]);
    assert.deepEqual(problems({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } }), [
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ]);
    assert.deepEqual(problems({ minReadySeconds: 600 }), [
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ]);
  });

  it('of their templates', () => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { restartPolicy: 'Never', containers: [] } };
    assert.deepEqual(problems({ template }), [
      'spec.template.spec.containers: Required value',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]);
  });

  it('of their status: no count is greater than what it is part of', () => {
    const status = { replicas: 1, updatedReplicas: 2, readyReplicas: 0, availableReplicas: 1 };
    assert.deepEqual(lines(validateDeploymentStatus({ ...deployment(), status }, deployment())), [
      'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
    ]);
  });

  it('of their status: collisions are never forgotten', () => {
    const before = { ...deployment(), status: { collisionCount: 2 } };
    const of = (status: object): string[] => lines(validateDeploymentStatus({ ...deployment(), status }, before));
    assert.deepEqual(of({ collisionCount: 2 }), []);
    assert.deepEqual(of({ collisionCount: 1 }), ['status.collisionCount: Invalid value: 1: cannot be decremented']);
    assert.deepEqual(of({}), ['status.collisionCount: Invalid value: 0: cannot be decremented']);
  });

  it('of updates: the selector stays', () => {
    const next = deployment({ selector: { matchLabels: { app: 'b' } } });
    assert.deepEqual(lines(validateDeploymentUpdate(next, deployment())), [
      'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    ]);
  });
});

describe('validation of services', () => {
  const problems = (spec: object): string[] => {
    const service = { metadata, spec } as unknown as Service;
    defaultService(service);
    return lines(validateService(service));
  };
  const ports = [{ port: 80 }];

  it('of their status: addresses are addresses, of load balancers only', () => {
    const of = (type: string, ...ingress: object[]): string[] => {
      const service = { metadata, spec: { type, ports }, status: { loadBalancer: { ingress } } } as unknown as Service;
      defaultServiceStatus(service);
      return lines(validateServiceStatus(service));
    };
    assert.deepEqual(of('LoadBalancer', { ip: '192.0.2.1' }, { hostname: 'lb.example' }), []);
    const at = 'status.loadBalancer.ingress';
    assert.deepEqual(of('LoadBalancer', { ip: '1.2.3.4 ; flush' }, { hostname: '192.0.2.1' }, { ipMode: 'VIP' }), [
      `${at}[0].ip: Invalid value: "1.2.3.4 ; flush": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `${at}[1].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address`,
      `${at}[2].ipMode: Forbidden: may not be specified when \`ip\` is not set`,
    ]);
    assert.deepEqual(of('ClusterIP', { ip: '192.0.2.1', ipMode: 'VIP' }), [
      `${at}: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`,
    ]);
  });

  it('takes each type', () => {
    assert.deepEqual(problems({ ports }), []);
    assert.deepEqual(problems({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_000, targetPort: 'http' }] }), []);
    assert.deepEqual(problems({ type: 'ExternalName', externalName: 'a.example' }), []);
    assert.deepEqual(problems({ clusterIP: 'None', clusterIPs: ['None'] }), []);
  });

  it('refuses what does not go together', () => {
    assert.deepEqual(problems({}), ['spec.ports: Required value']);
    assert.deepEqual(problems({ type: 'ExternalName' }), ['spec.externalName: Required value']);
    assert.deepEqual(problems({ ports: [{ port: 80, nodePort: 30_000 }] }), [
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ]);
    assert.deepEqual(problems({ ports: [{ port: 80 }, { port: 80, name: 'b' }] }), [
      'spec.ports[0].name: Required value',
      'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
    ]);
    assert.deepEqual(problems({ ports: [{ port: 0, targetPort: 1 }] }), [
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ]);
    assert.deepEqual(problems({ ports, externalTrafficPolicy: 'Local' }), [
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ]);
    assert.deepEqual(problems({ ports, externalIPs: ['127.0.0.1', 'x'] }).length, 2);
    assert.deepEqual(problems({ ports, ipFamilies: ['IPv6'] }), [
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ]);
    assert.deepEqual(problems({ ports, type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'] }), [
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ]);
  });
});

describe('validation of configuration', () => {
  it('config maps', () => {
    const map: ConfigMap = { metadata, data: { 'a/b': '' }, binaryData: { 'a/b': '' } };
    assert.equal(validateConfigMap(map).length, 3);
    assert.deepEqual(lines(validateConfigMap({ metadata, data: { a: 'x'.repeat(1_048_577) } })), [
      ': Too long: may not be more than 1048576 bytes',
    ]);
    const fixed: ConfigMap = { metadata, immutable: true, data: { a: '1' } };
    assert.deepEqual(lines(validateConfigMapUpdate({ ...fixed, data: { a: '2' } }, fixed)), [
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    assert.deepEqual(lines(validateConfigMapUpdate({ ...fixed, immutable: false }, fixed)), [
      'immutable: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  it('secrets by their type', () => {
    const secret = (more: object): Secret => {
      const made: Secret = { metadata, ...more };
      defaultSecret(made);
      return made;
    };
    assert.deepEqual(validateSecret(secret({ stringData: { a: 'b' } })), []);
    assert.deepEqual(lines(validateSecret(secret({ type: 'kubernetes.io/tls', data: { 'tls.key': '' } }))), [
      'data[tls.crt]: Required value',
    ]);
    const docker = secret({ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{' } });
    assert.deepEqual(lines(validateSecret(docker)), [
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON',
    ]);
    assert.deepEqual(lines(validateSecretUpdate(secret({ type: 'b' }), secret({ type: 'a' }))), [
      'type: Invalid value: "b": field is immutable',
    ]);
  });
});

describe('validation of the cluster kinds', () => {
  it('nodes', () => {
    const node = (spec: object): never => ({ metadata: { name: 'n' }, spec, status: {} }) as never;
    const taint = { key: 'a', effect: 'NoSchedule' };
    assert.deepEqual(lines(validateNode(node({ taints: [taint, taint, { key: 'b', effect: 'X' }] }))), [
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      'metadata.taints[2].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ]);
    const moved = validateNodeUpdate(node({ podCIDRs: ['10.1.1.0/24'] }), node({ podCIDRs: ['10.1.0.0/24'] }));
    assert.deepEqual(lines(moved), [
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ]);
  });

  it('nodes tell an address once, and a range for each family', () => {
    const address = { type: 'InternalIP', address: '10.0.0.1' };
    const node = (fields: object): Node => ({ metadata: { name: 'n' }, spec: {}, status: {}, ...fields }) as never;
    const twice = node({ status: { addresses: [address, address] } });
    assert.deepEqual(lines(validateNodeUpdate(twice, node({}))), [
      'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
    ]);
    assert.deepEqual(validateNode(node({ spec: { podCIDRs: ['10.1.0.0/24', 'fd00::/64'] } })), []);
    assert.deepEqual(lines(validateNode(node({ spec: { podCIDRs: ['10.1.0.0/24', '10.2.0.0/24'] } }))), [
      'spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.2.0.0/24"]: may specify no more than one CIDR for each IP family',
    ]);
  });

  it('nodes are judged anew where they may change', () => {
    const node = (spec: object, status: object = {}): Node => ({ metadata: { name: 'n' }, spec, status }) as never;
    const of = (spec: object, status?: object): string[] => lines(validateNodeUpdate(node(spec, status), node({})));
    assert.deepEqual(of({}, { capacity: { cpu: '-1', 'example.com/gpu': '1500m' } }), [
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.capacity.example.com/gpu: Invalid value: "1500m": must be an integer',
    ]);
    assert.deepEqual(of({ taints: [{ key: 'a', effect: 'X' }], externalID: 'e' }), [
      'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'spec.externalID: Forbidden: may not be updated',
    ]);
    const old = node({ podCIDRs: ['10.1.0.0/33'] });
    assert.deepEqual(validateNodeUpdate({ ...old, spec: { ...old.spec, unschedulable: true } }, old), []);
  });

  it('namespaces are in the phase that their deletion says', () => {
    const namespace = (fields: object): Namespace => ({ metadata: {}, spec: {}, status: {}, ...fields }) as never;
    assert.deepEqual(validateNamespaceStatus(namespace({ status: { phase: 'Active' } })), []);
    assert.deepEqual(lines(validateNamespaceStatus(namespace({ status: { phase: 'Terminating' } }))), [
      'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
    ]);
    const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' };
    assert.deepEqual(lines(validateNamespaceStatus(namespace({ metadata, status: { phase: 'Active' } }))), [
      'status.Phase: Invalid value: "Active": may only be \'Terminating\' if `deletionTimestamp` is not empty',
    ]);
    assert.deepEqual(lines(validateNamespaceFinalizers(namespace({ spec: { finalizers: ['kubernetes', 'x'] } }))), [
      'spec.finalizers[1]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  it('events, leases, endpoint slices', () => {
    const event = { metadata, involvedObject: { namespace: 'other' } } as never;
    assert.deepEqual(lines(validateCoreEvent(event)), [
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
    assert.deepEqual(lines(validateLease({ metadata, spec: { leaseDurationSeconds: 0 } })), [
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    ]);
    const election = (strategy: string): string[] =>
      lines(validateLease({ metadata, spec: { strategy, preferredHolder: 'a' } }));
    assert.deepEqual(election('OldestEmulationVersion'), []);
    assert.deepEqual(election('example.com/mine'), []);
    assert.deepEqual(election('mine'), [
      'spec.strategy.strategy: Unsupported value: "mine": supported values: "OldestEmulationVersion"',
    ]);
    assert.deepEqual(lines(validateLease({ metadata, spec: { preferredHolder: 'a' } })), [
      'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined',
    ]);
    const slice = (more: object): EndpointSlice => {
      const made = { metadata, addressType: 'IPv4', ...more } as unknown as EndpointSlice;
      defaultEndpointSlice(made);
      return made;
    };
    assert.deepEqual(
      validateEndpointSlice(slice({ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 1 }] })),
      [],
    );
    assert.deepEqual(lines(validateEndpointSlice(slice({ endpoints: [{ addresses: [] }, { addresses: ['x'] }] }))), [
      'endpoints[0].addresses: Required value: must contain at least 1 address',
      'endpoints[1].addresses[0]: Invalid value: "x": must be a valid IPv4 address',
      'endpoints[1].addresses[0]: Invalid value: "x": must be a valid IP address',
    ]);
    assert.deepEqual(lines(validateEndpointSliceUpdate(slice({ addressType: 'FQDN' }), slice({}))), [
      'addressType: Invalid value: "FQDN": field is immutable',
    ]);
  });

  it('endpoint slices of names, of special addresses, with hints', () => {
    const of = (addressType: string, ...addresses: string[]): string[] =>
      lines(validateEndpointSlice({ metadata, addressType, endpoints: [{ addresses }], ports: [] } as never));
    const at = 'endpoints[0].addresses[0]: Invalid value';
    assert.deepEqual(of('FQDN', 'a.example.', 'b.example'), []);
    assert.deepEqual(of('FQDN', 'example'), [
      `${at}: "example": should be a domain with at least two segments separated by dots`,
    ]);
    assert.deepEqual(of('IPv4', '239.1.2.3', '0.1.2.3'), []);
    assert.deepEqual(of('IPv4', '224.0.0.9'), [
      `${at}: "224.0.0.9": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)`,
    ]);
    assert.deepEqual(of('IPv6', '::ffff:127.0.0.1'), [
      `${at}: "::ffff:127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
    ]);
    const hinted = (hints: object): string[] => {
      const endpoints = [{ addresses: ['10.0.0.1'], hints }];
      return lines(validateEndpointSlice({ metadata, addressType: 'IPv4', endpoints, ports: [] } as never));
    };
    const nine = Array.from({ length: 9 }, (_, index) => ({ name: `z${index}` }));
    assert.deepEqual(hinted({ forZones: nine.slice(1), forNodes: nine.slice(1) }), []);
    assert.deepEqual(hinted({ forZones: nine }), [
      'endpoints[0].hints.forZones: Too many: 9: must have at most 8 items',
    ]);
    assert.deepEqual(hinted({ forZones: [{ name: 'a' }, { name: 'a' }] }), [
      'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
    ]);
  });

  it('endpoint slices that were taken once keep their endpoints', () => {
    const slice = (address: string, name: string): EndpointSlice =>
      ({
        metadata,
        addressType: 'IPv4',
        endpoints: [{ addresses: [address] }],
        ports: [{ name, protocol: 'TCP' }],
      }) as never;
    assert.deepEqual(validateEndpointSliceUpdate(slice('127.0.0.1', 'b'), slice('127.0.0.1', 'a')), []);
    assert.deepEqual(lines(validateEndpointSliceUpdate(slice('127.0.0.1', 'a'), slice('10.0.0.1', 'a'))), [
      'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ]);
  });
});
