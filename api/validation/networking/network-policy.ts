/** NetworkPolicy: which pods may talk to which. */
import ipaddr from 'ipaddr.js';

import type { FieldError } from '../../errors.ts';
import { checkPortName, checkPortNumber } from '../../machinery/names.ts';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../types/networking.v1.ts';
import { checkCidr } from '../addresses.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateLabelSelector } from '../selectors.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const errors = new FieldErrors();
  validateLabelSelector(errors, spec.podSelector, 'spec.podSelector');
  spec.ingress?.forEach(({ ports, from }, index) => {
    validateRule(errors, ports, { peers: from, field: 'from' }, `spec.ingress[${index}]`);
  });
  spec.egress?.forEach(({ ports, to }, index) => {
    validateRule(errors, ports, { peers: to, field: 'to' }, `spec.egress[${index}]`);
  });
  const { policyTypes = [] } = spec;
  if (policyTypes.length > POLICY_TYPES.length) {
    errors.invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes');
    return errors.list;
  }
  policyTypes.forEach((type, index) => {
    if (!POLICY_TYPES.includes(type)) errors.notSupported(`spec.policyTypes[${index}]`, type, POLICY_TYPES);
  });
  return errors.list;
}

function validateRule(
  errors: FieldErrors,
  ports: readonly NetworkPolicyPort[] = [],
  { peers = [], field }: { peers: readonly NetworkPolicyPeer[] | undefined; field: string },
  path: string,
): void {
  ports.forEach((port, index) => validatePort(errors, port, `${path}.ports[${index}]`));
  peers.forEach((peer, index) => validatePeer(errors, peer, `${path}.${field}[${index}]`));
}

function validatePort(errors: FieldErrors, { protocol, port, endPort }: NetworkPolicyPort, path: string): void {
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    errors.notSupported(`${path}.protocol`, protocol, PROTOCOLS);
  }
  const at = `${path}.endPort`;
  if (port === undefined) {
    if (endPort !== undefined) errors.invalid(at, endPort, 'may not be specified when `port` is not specified');
  } else if (typeof port === 'string') {
    if (endPort !== undefined) errors.invalid(at, endPort, 'may not be specified when `port` is non-numeric');
    errors.check(`${path}.port`, port, checkPortName);
  } else {
    errors.check(`${path}.port`, port, checkPortNumber);
    if (endPort === undefined) return;
    if (endPort < port) errors.invalid(at, endPort, 'must be greater than or equal to `port`');
    errors.check(at, endPort, checkPortNumber);
  }
}

function validatePeer(errors: FieldErrors, peer: NetworkPolicyPeer, path: string): void {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  validateLabelSelector(errors, podSelector, `${path}.podSelector`);
  validateLabelSelector(errors, namespaceSelector, `${path}.namespaceSelector`);
  if (ipBlock) validateBlock(errors, ipBlock, `${path}.ipBlock`);
  if (!podSelector && !namespaceSelector && !ipBlock) errors.required(path, 'must specify a peer');
  if (ipBlock && (podSelector || namespaceSelector)) {
    errors.forbidden(path, 'may not specify both ipBlock and another peer');
  }
}

function validateBlock(errors: FieldErrors, { cidr, except = [] }: IPBlock, path: string): void {
  if (!cidr) {
    errors.required(`${path}.cidr`);
    return;
  }
  errors.check(`${path}.cidr`, cidr, checkCidr);
  if (checkCidr(cidr).length > 0) return;
  except.forEach((part, index) => {
    const at = `${path}.except[${index}]`;
    errors.check(at, part, checkCidr);
    if (checkCidr(part).length === 0 && !isStrictSubset(part, cidr)) {
      errors.invalid(at, part, 'must be a strict subset of `cidr`');
    }
  });
}

function isStrictSubset(part: string, whole: string): boolean {
  const [address, bits] = ipaddr.parseCIDR(part);
  const [network, wholeBits] = ipaddr.parseCIDR(whole);
  return address.kind() === network.kind() && bits > wholeBits && address.match(network, wholeBits);
}
