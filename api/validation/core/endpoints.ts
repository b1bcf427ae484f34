/** Endpoints: the addresses of a service in the form that slices replaced. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel, checkDnsSubdomain, checkPortNumber, checkQualifiedName } from '../../machinery/names.ts';
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset } from '../../types/core.v1.ts';
import { checkIP, checkNonSpecialIP } from '../addresses.ts';
import { FieldErrors } from '../field-errors.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateEndpoints({ subsets = [] }: Endpoints): FieldError[] {
  const errors = new FieldErrors();
  subsets.forEach((subset, index) => validateSubset(errors, subset, `subsets[${index}]`));
  return errors.list;
}

/** What has been so for long is left alone. */
export function validateEndpointsUpdate(next: Endpoints, previous: Endpoints): FieldError[] {
  return sameJson(next.subsets, previous.subsets) ? [] : validateEndpoints(next);
}

function validateSubset(
  errors: FieldErrors,
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
  path: string,
): void {
  if (addresses.length + notReadyAddresses.length === 0) {
    errors.required(path, 'must specify `addresses` or `notReadyAddresses`');
  }
  addresses.forEach((address, index) => validateAddress(errors, address, `${path}.addresses[${index}]`));
  notReadyAddresses.forEach((address, index) => {
    validateAddress(errors, address, `${path}.notReadyAddresses[${index}]`);
  });
  ports.forEach((port, index) => validatePort(errors, port, ports.length > 1, `${path}.ports[${index}]`));
}

function validateAddress(errors: FieldErrors, { ip, hostname, nodeName }: EndpointAddress, path: string): void {
  errors.check(`${path}.ip`, ip, checkIP);
  if (hostname) errors.check(`${path}.hostname`, hostname, checkDnsLabel);
  if (nodeName !== undefined) errors.check(`${path}.nodeName`, nodeName, checkDnsSubdomain);
  errors.check(`${path}.ip`, ip, checkNonSpecialIP);
}

function validatePort(
  errors: FieldErrors,
  { name, port, protocol, appProtocol }: EndpointPort,
  needsName: boolean,
  path: string,
): void {
  if (name) errors.check(`${path}.name`, name, checkDnsLabel);
  else if (needsName) errors.required(`${path}.name`);
  errors.invalidEach(`${path}.port`, port ?? 0, checkPortNumber(port ?? 0));
  errors.oneOf(`${path}.protocol`, protocol, PROTOCOLS);
  if (appProtocol !== undefined) errors.check(`${path}.appProtocol`, appProtocol, checkQualifiedName);
}
