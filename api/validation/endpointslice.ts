/** EndpointSlice. */
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelValue,
  checkPortNumber,
  checkQualifiedName,
} from '../machinery/names.ts';
import type { Endpoint, EndpointSlice } from '../types/discovery.v1.ts';
import { checkNonSpecialIP, isIPv4, isIPv6 } from './addresses.ts';
import { FieldErrors } from './field-errors.ts';
import { validateLabels } from './metadata.ts';
import { PROTOCOLS } from './pod/containers.ts';

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_TOPOLOGY = 16;
const MAX_HINTS = 8;
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];

/** Endpoints that are as they were in `previous` are not judged again. */
export function validateEndpointSlice(slice: EndpointSlice, previous?: EndpointSlice): FieldError[] {
  const errors = new FieldErrors();
  const { addressType, endpoints, ports } = slice;
  errors.oneOf('addressType', addressType, ADDRESS_TYPES);
  if (ports.length > MAX_PORTS) errors.tooMany('ports', ports.length, MAX_PORTS);
  else validatePorts(errors, ports);
  if (previous && sameJson(endpoints, previous.endpoints)) return errors.list;
  if (endpoints.length > MAX_ENDPOINTS) errors.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS);
  else endpoints.forEach((endpoint, index) => validateEndpoint(errors, endpoint, addressType, `endpoints[${index}]`));
  return errors.list;
}

export function validateEndpointSliceUpdate(next: EndpointSlice, previous: EndpointSlice): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('addressType', next.addressType === previous.addressType, next.addressType);
  return [...validateEndpointSlice(next, previous), ...errors.list];
}

function validateEndpoint(errors: FieldErrors, endpoint: Endpoint, addressType: string, path: string): void {
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) errors.required(`${path}.addresses`, 'must contain at least 1 address');
  if (addresses.length > MAX_ADDRESSES) errors.tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES);
  addresses.forEach((address, index) => validateAddress(errors, address, addressType, `${path}.addresses[${index}]`));
  if (endpoint.nodeName !== undefined) errors.check(`${path}.nodeName`, endpoint.nodeName, checkDnsSubdomain);
  const { deprecatedTopology: topology = {} } = endpoint;
  const labels = Object.keys(topology).length;
  if (labels > MAX_TOPOLOGY) errors.tooMany(`${path}.deprecatedTopology`, labels, MAX_TOPOLOGY);
  validateLabels(errors, topology, `${path}.deprecatedTopology`);
  if (endpoint.hostname !== undefined) errors.check(`${path}.hostname`, endpoint.hostname, checkDnsLabel);
  const { forZones = [], forNodes = [] } = endpoint.hints ?? {};
  validateHints(errors, forZones, checkLabelValue, `${path}.hints.forZones`);
  validateHints(errors, forNodes, checkDnsSubdomain, `${path}.hints.forNodes`);
}

function validateAddress(errors: FieldErrors, address: string, addressType: string, path: string): void {
  if (addressType === 'FQDN') validateDomain(errors, address, path);
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return;
  const isOfFamily = addressType === 'IPv4' ? isIPv4(address) : isIPv6(address);
  if (!isOfFamily) errors.invalid(path, address, `must be a valid ${addressType} address`);
  errors.check(path, address, checkNonSpecialIP);
}

/** A full name may end in a dot (apimachinery `IsFullyQualifiedDomainName`). */
function validateDomain(errors: FieldErrors, address: string, path: string): void {
  if (address === '') {
    errors.required(path);
    return;
  }
  const name = address.endsWith('.') ? address.slice(0, -1) : address;
  const labels = name.split('.');
  const wrong = checkDnsSubdomain(name);
  const label = labels.find((each) => checkDnsLabel(each).length > 0);
  if (wrong.length > 0) errors.invalid(path, name, wrong.join(','));
  else if (labels.length < 2) {
    errors.invalid(path, name, 'should be a domain with at least two segments separated by dots');
  } else if (label !== undefined) errors.invalid(path, label, checkDnsLabel(label).join(','));
}

function validateHints(
  errors: FieldErrors,
  hints: readonly { name: string }[],
  check: (name: string) => string[],
  path: string,
): void {
  if (hints.length > MAX_HINTS) {
    errors.tooMany(path, hints.length, MAX_HINTS);
    return;
  }
  const names = new Set<string>();
  hints.forEach(({ name }, index) => {
    if (names.has(name)) errors.duplicate(`${path}[${index}].name`, name);
    names.add(name);
    errors.check(`${path}[${index}].name`, name, check);
  });
}

function validatePorts(errors: FieldErrors, ports: EndpointSlice['ports']): void {
  const names = new Set<string>();
  ports.forEach(({ name = '', protocol, port, appProtocol }, index) => {
    const at = `ports[${index}]`;
    if (name) errors.check(`${at}.name`, name, checkDnsLabel);
    if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
    errors.oneOf(`${at}.protocol`, protocol, PROTOCOLS);
    // Kubernetes lets any number pass here; one that is no port would spoil the rules of every node.
    if (port !== undefined) errors.check(`${at}.port`, port, checkPortNumber);
    if (appProtocol !== undefined) errors.check(`${at}.appProtocol`, appProtocol, checkQualifiedName);
  });
}
