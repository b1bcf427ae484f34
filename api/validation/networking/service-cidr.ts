/** ServiceCIDR and IPAddress: where addresses of services come from, and who has which. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsSubdomain, checkPathSegment } from '../../machinery/names.ts';
import type { IPAddress, ServiceCIDR } from '../../types/networking.v1.ts';
import { checkCanonicalCidr, checkCidr } from '../addresses.ts';
import { FieldErrors } from '../field-errors.ts';

const AT = 'spec.cidrs';
const IMMUTABLE = 'field is immutable';

export function validateServiceCidr({ spec }: ServiceCIDR): FieldError[] {
  const errors = new FieldErrors();
  const { cidrs = [] } = spec;
  if (cidrs.length === 0) errors.required(AT, 'at least one CIDR required');
  if (cidrs.length > 2) {
    errors.invalid(AT, spec, 'may only hold up to 2 values');
    return errors.list;
  }
  cidrs.forEach((cidr, index) => errors.check(`${AT}[${index}]`, cidr, checkCanonicalCidr));
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')));
  if (cidrs.length === 2 && families.size === 1 && cidrs.every((cidr) => checkCidr(cidr).length === 0)) {
    const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.invalid(AT, cidrs, detail);
  }
  return errors.list;
}

/** A range stays what it is; one of the other family may join it. */
export function validateServiceCidrUpdate(next: ServiceCIDR, previous: ServiceCIDR): FieldError[] {
  const errors = new FieldErrors();
  const { cidrs = [] } = next.spec;
  const before = previous.spec.cidrs ?? [];
  const mayGrow = before.length === 1 && cidrs.length === 2;
  if (cidrs.length !== before.length && !mayGrow) {
    errors.invalid(AT, cidrs, IMMUTABLE);
    return errors.list;
  }
  before.forEach((cidr, index) => {
    if (cidr !== cidrs[index]) errors.invalid(`${AT}[${index}]`, cidrs[index], IMMUTABLE);
  });
  return mayGrow ? [...errors.list, ...validateServiceCidr(next)] : errors.list;
}

export function validateIPAddress({ spec: { parentRef } }: IPAddress): FieldError[] {
  const errors = new FieldErrors();
  const at = 'spec.parentRef';
  if (!parentRef) {
    errors.required(at);
    return errors.list;
  }
  if (parentRef.group) errors.check(`${at}.group`, parentRef.group, checkDnsSubdomain);
  for (const field of ['resource', 'name'] as const) {
    if (!parentRef[field]) errors.required(`${at}.${field}`);
    else errors.check(`${at}.${field}`, parentRef[field], checkPathSegment);
  }
  if (parentRef.namespace) errors.check(`${at}.namespace`, parentRef.namespace, checkPathSegment);
  return errors.list;
}

export function validateIPAddressUpdate(next: IPAddress, previous: IPAddress): FieldError[] {
  const errors = new FieldErrors();
  const { parentRef } = next.spec;
  errors.immutable('spec.parentRef', sameJson(parentRef, previous.spec.parentRef), parentRef);
  return errors.list;
}
