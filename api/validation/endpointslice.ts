/** EndpointSlice. */
import type { FieldError } from '../errors.ts';
import { checkDnsLabel, checkDnsSubdomain, checkPortNumber, checkQualifiedName } from '../machinery/names.ts';
import type { Endpoint, EndpointSlice } from '../types/discovery.v1.ts';
import { checkNonSpecialIP, isIPv4, isIPv6 } from './addresses.ts';
import { FieldErrors } from './field-errors.ts';
import { PROTOCOLS } from './pod/containers.ts';

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];

export function validateEndpointSlice({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const errors = new FieldErrors();
  errors.oneOf('addressType', addressType, ADDRESS_TYPES);
  if (endpoints.length > MAX_ENDPOINTS) errors.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS);
  else endpoints.forEach((endpoint, index) => validateEndpoint(errors, endpoint, addressType, `endpoints[${index}]`));
  if (ports.length > MAX_PORTS) errors.tooMany('ports', ports.length, MAX_PORTS);
  else validatePorts(errors, ports);
  return errors.list;
}

export function validateEndpointSliceUpdate(next: EndpointSlice, previous: EndpointSlice): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('addressType', next.addressType === previous.addressType, next.addressType);
  return errors.list;
}

function validateEndpoint(errors: FieldErrors, endpoint: Endpoint, addressType: string, path: string): void {
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) errors.required(`${path}.addresses`, 'must contain at least 1 address');
  if (addresses.length > MAX_ADDRESSES) errors.tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES);
  addresses.forEach((address, index) => {
    errors.invalidEach(`${path}.addresses[${index}]`, address, checkAddress(address, addressType));
  });
  if (endpoint.nodeName !== undefined) {
    errors.check(`${path}.nodeName`, endpoint.nodeName, checkDnsSubdomain);
  }
  if (endpoint.hostname !== undefined) {
    errors.check(`${path}.hostname`, endpoint.hostname, checkDnsLabel);
  }
}

function checkAddress(address: string, addressType: string): string[] {
  if (addressType === 'FQDN') return checkDnsSubdomain(address);
  if (addressType === 'IPv4' && !isIPv4(address)) return ['must be a valid IPv4 address'];
  if (addressType === 'IPv6' && !isIPv6(address)) return ['must be a valid IPv6 address'];
  return checkNonSpecialIP(address);
}

function validatePorts(errors: FieldErrors, ports: EndpointSlice['ports']): void {
  const names = new Set<string>();
  ports.forEach(({ name = '', protocol, port, appProtocol }, index) => {
    const at = `ports[${index}]`;
    if (name) errors.check(`${at}.name`, name, checkDnsLabel);
    if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
    errors.oneOf(`${at}.protocol`, protocol, PROTOCOLS);
    if (port !== undefined) errors.check(`${at}.port`, port, checkPortNumber);
    if (appProtocol !== undefined) errors.check(`${at}.appProtocol`, appProtocol, checkQualifiedName);
  });
}
