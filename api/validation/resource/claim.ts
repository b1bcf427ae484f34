/** ResourceClaim and ResourceClaimTemplate: which devices a pod wants. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsSubdomain } from '../../machinery/names.ts';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../../types/resource.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateAnnotations, validateLabels } from '../metadata.ts';
import {
  validateConfiguration,
  validateDeviceToleration,
  validateFullAttributeName,
  validateRequestName,
  validateSelectors,
  validateSet,
} from './names.ts';

const MAX_ITEMS = 32;
const MAX_ALTERNATIVES = 8;
const MAX_TOLERATIONS = 16;
const MODES = ['All', 'ExactCount'];
const NOT_A_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

export function validateResourceClaim({ spec }: ResourceClaim): FieldError[] {
  const errors = new FieldErrors();
  validateDevices(errors, spec.devices, 'spec.devices');
  return errors.list;
}

export function validateResourceClaimUpdate(next: ResourceClaim, previous: ResourceClaim): FieldError[] {
  return unchanged(next, previous);
}

export function validateResourceClaimTemplate({ spec }: ResourceClaimTemplate): FieldError[] {
  const errors = new FieldErrors();
  validateLabels(errors, spec.metadata.labels, 'spec.metadata.labels');
  validateAnnotations(errors, spec.metadata.annotations, 'spec.metadata.annotations');
  validateDevices(errors, spec.spec.devices, 'spec.spec.devices');
  return errors.list;
}

export function validateResourceClaimTemplateUpdate(
  next: ResourceClaimTemplate,
  previous: ResourceClaimTemplate,
): FieldError[] {
  return unchanged(next, previous);
}

function unchanged(next: { spec: unknown }, previous: { spec: unknown }): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('spec', sameJson(next.spec, previous.spec), next.spec);
  return errors.list;
}

function validateDevices(errors: FieldErrors, devices: DeviceClaim, path: string): void {
  const names = requestNames(devices);
  validateSet(errors, devices.requests, `${path}.requests`, {
    most: MAX_ITEMS,
    key: ({ name }) => name,
    each: (request, at) => validateRequest(errors, request, at),
  });
  validateSet(errors, devices.constraints, `${path}.constraints`, {
    most: MAX_ITEMS,
    each: (constraint, at) => validateConstraint(errors, constraint, names, at),
  });
  validateSet(errors, devices.config, `${path}.config`, {
    most: MAX_ITEMS,
    each(config, at) {
      validateRequestRefs(errors, config.requests, names, `${at}.requests`);
      validateConfiguration(errors, config, at);
    },
  });
}

/** All that a reference may name: requests, and those within them. */
export function requestNames({ requests = [] }: Partial<DeviceClaim>): ReadonlySet<string> {
  const names = requests.flatMap(({ name, firstAvailable = [] }) => [
    name,
    ...firstAvailable.map((each) => `${name}/${each.name}`),
  ]);
  return new Set(names);
}

function validateRequest(errors: FieldErrors, request: DeviceRequest, path: string): void {
  const { name, exactly, firstAvailable = [] } = request;
  validateRequestName(errors, name, `${path}.name`);
  const ways = '`exactly` or `firstAvailable` is required';
  if (exactly && firstAvailable.length > 0) {
    errors.invalid(path, undefined, `exactly one of ${ways}, but multiple fields are set`);
  } else if (exactly) {
    validateWanted(errors, exactly, `${path}.exactly`);
  } else if (firstAvailable.length === 0) {
    errors.required(path, `exactly one of ${ways}`);
  }
  if (exactly) return;
  validateSet(errors, firstAvailable, `${path}.firstAvailable`, {
    most: MAX_ALTERNATIVES,
    key: (each) => each.name,
    each(alternative, at) {
      validateRequestName(errors, alternative.name, `${at}.name`);
      validateWanted(errors, alternative, at);
    },
  });
}

function validateWanted(errors: FieldErrors, wanted: ExactDeviceRequest, path: string): void {
  const { deviceClassName, allocationMode = '', count = 0 } = wanted;
  if (!deviceClassName) errors.required(`${path}.deviceClassName`);
  else errors.check(`${path}.deviceClassName`, deviceClassName, checkDnsSubdomain);
  validateSelectors(errors, wanted.selectors, `${path}.selectors`);
  if (!MODES.includes(allocationMode)) errors.notSupported(`${path}.allocationMode`, allocationMode, MODES);
  else if (allocationMode === 'All') {
    if (count !== 0) errors.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'");
  } else if (count <= 0) errors.invalid(`${path}.count`, count, 'must be greater than zero');
  validateSet(errors, wanted.tolerations, `${path}.tolerations`, {
    most: MAX_TOLERATIONS,
    each: (toleration, at) => validateDeviceToleration(errors, toleration, at),
  });
}

function validateConstraint(
  errors: FieldErrors,
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  names: ReadonlySet<string>,
  path: string,
): void {
  validateRequestRefs(errors, requests, names, `${path}.requests`);
  if (matchAttribute !== undefined) validateFullAttributeName(errors, matchAttribute, `${path}.matchAttribute`);
  else if (distinctAttribute !== undefined) {
    validateFullAttributeName(errors, distinctAttribute, `${path}.distinctAttribute`);
  } else {
    const detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    errors.required(path, detail);
  }
}

export function validateRequestRefs(
  errors: FieldErrors,
  requests: readonly string[] | undefined,
  names: ReadonlySet<string>,
  path: string,
): void {
  validateSet(errors, requests, path, {
    most: MAX_ITEMS,
    key: (name) => name,
    each: (name, at) => validateRequestRef(errors, name, names, at),
  });
}

export function validateRequestRef(
  errors: FieldErrors,
  name: string | undefined,
  names: ReadonlySet<string>,
  path: string,
): void {
  const parts = (name ?? '').split('/');
  if (parts.length <= 2) for (const part of parts) validateRequestName(errors, part, path);
  if (!names.has(name ?? '')) errors.invalid(path, name ?? '', NOT_A_REQUEST);
}
