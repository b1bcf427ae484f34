/** ResourceSlice: the devices that a driver offers. */
import type { FieldError } from '../../errors.ts';
import { checkDnsLabel, checkDnsSubdomain, checkLabelValue, checkQualifiedName } from '../../machinery/names.ts';
import type { NodeSelector } from '../../types/core.v1.ts';
import type { Counter, Device, DeviceAttribute, ResourcePool, ResourceSlice } from '../../types/resource.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateNodeSelector } from '../selectors.ts';
import { validateDriverName } from '../storage/csi.ts';
import { validateBinding } from './binding.ts';
import { validateAttributeName, validatePoolName, validateSet } from './names.ts';
import { validateRequestPolicy } from './request-policy.ts';

const MAX_DEVICES = 128;
/** With taints or counters, which make a device larger. */
const MAX_LARGE_DEVICES = 64;
const MAX_FACTS = 32;
const MAX_COUNTERS = 32;
const MAX_COUNTER_SETS = 8;
const MAX_CONSUMPTIONS = 2;
const MAX_TAINTS = 16;
const MAX_VALUE = 64;
const UNSET_OR_TRUE = 'must be either unset or set to true';
const ON_NODES = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
const ON_DEVICES =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
/** Its second group is the pre-release. */
const SEMVER =
  /^((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))(?:-([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

export function validateResourceSlice({ spec }: ResourceSlice): FieldError[] {
  const errors = new FieldErrors();
  validateDriverName(errors, spec.driver, 'spec.driver');
  validatePool(errors, spec.pool ?? {}, 'spec.pool');
  const nodes = nodeChoices(errors, spec, 'spec', 'must be either unset or set to a non-empty string');
  if (nodes.length === 0) errors.required('spec', ON_NODES);
  if (nodes.length > 1) errors.invalid('spec', `{${nodes.join(', ')}}`, `${ON_NODES}, but multiple fields are set`);
  if (spec.nodeSelector && spec.nodeSelector.nodeSelectorTerms?.length !== 1) {
    const { nodeSelectorTerms } = spec.nodeSelector;
    errors.invalid(
      'spec.nodeSelector.nodeSelectorTerms',
      nodeSelectorTerms,
      'must have exactly one node selector term',
    );
  }
  if (spec.sharedCounters && spec.devices) {
    errors.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed');
  }
  const isLarge = spec.devices?.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
  validateSet(errors, spec.devices, 'spec.devices', {
    most: isLarge ? MAX_LARGE_DEVICES : MAX_DEVICES,
    key: ({ name }) => name,
    each: (device, at) => validateDevice(errors, device, spec.perDeviceNodeSelection === true, at),
  });
  validateSet(errors, spec.sharedCounters, 'spec.sharedCounters', {
    most: MAX_COUNTER_SETS,
    key: ({ name }) => name,
    each({ name, counters }, at) {
      if (!name) errors.required(`${at}.name`);
      else errors.check(`${at}.name`, name, checkDnsLabel);
      validateCounters(errors, counters, `${at}.counters`);
    },
  });
  return errors.list;
}

export function validateResourceSliceUpdate({ spec }: ResourceSlice, { spec: before }: ResourceSlice): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('spec.pool.name', spec.pool?.name === before.pool.name, spec.pool?.name);
  for (const field of ['driver', 'nodeName'] as const) {
    errors.immutable(`spec.${field}`, spec[field] === before[field], spec[field]);
  }
  return errors.list;
}

function validatePool(
  errors: FieldErrors,
  { name, resourceSliceCount = 0, generation = 0 }: Partial<ResourcePool>,
  path: string,
): void {
  validatePoolName(errors, name, `${path}.name`);
  if (resourceSliceCount <= 0) {
    errors.invalid(`${path}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero');
  }
  if (generation < 0) errors.invalid(`${path}.generation`, generation, 'must be greater than or equal to zero');
}

interface NodeChoice {
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
  perDeviceNodeSelection?: boolean;
}

/** The ways in which nodes are chosen, judged one by one. */
function nodeChoices(errors: FieldErrors, choice: NodeChoice, path: string, onEmptyName: string): string[] {
  const { nodeName, nodeSelector } = choice;
  const chosen: string[] = [];
  if (nodeName) {
    chosen.push('`nodeName`');
    errors.check(`${path}.nodeName`, nodeName, checkDnsSubdomain);
  } else if (nodeName === '') errors.invalid(`${path}.nodeName`, nodeName, onEmptyName);
  if (nodeSelector) {
    chosen.push('`nodeSelector`');
    validateNodeSelector(errors, nodeSelector, `${path}.nodeSelector`);
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (choice[field]) chosen.push(`\`${field}\``);
    else if (choice[field] === false) errors.invalid(`${path}.${field}`, false, UNSET_OR_TRUE);
  }
  return chosen;
}

function validateDevice(errors: FieldErrors, device: Device, choosesNodes: boolean, path: string): void {
  errors.check(`${path}.name`, device.name, checkDnsLabel);
  const { attributes = {}, capacity = {}, nodeName, nodeSelector, allNodes } = device;
  const facts = Object.keys(attributes).length + Object.keys(capacity).length;
  if (facts > MAX_FACTS) {
    errors.invalid(path, facts, `the total number of attributes and capacities must not exceed ${MAX_FACTS}`);
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    validateAttributeName(errors, name, `${path}.attributes[${name}]`);
    validateAttribute(errors, attribute, `${path}.attributes[${name}]`);
  }
  for (const [name, amount] of Object.entries(capacity)) {
    const at = `${path}.capacity[${name}]`;
    validateAttributeName(errors, name, at);
    if (device.allowMultipleAllocations) validateRequestPolicy(errors, amount, `${at}.requestPolicy`);
    else if (amount.requestPolicy) errors.forbidden(`${at}.requestPolicy`, 'allowMultipleAllocations must be true');
  }
  validateTaints(errors, device, path);
  validateSet(errors, device.consumesCounters, `${path}.consumesCounters`, {
    most: MAX_CONSUMPTIONS,
    key: ({ counterSet }) => counterSet,
    each({ counterSet, counters }, at) {
      if (!counterSet) errors.required(`${at}.counterSet`);
      else errors.check(`${at}.counterSet`, counterSet, checkDnsLabel);
      validateCounters(errors, counters, `${at}.counters`);
    },
  });
  if (choosesNodes) {
    const nodes = nodeChoices(errors, { nodeName, nodeSelector, allNodes } as NodeChoice, path, 'must not be empty');
    if (nodes.length === 0) errors.required(path, ON_DEVICES);
    if (nodes.length > 1) errors.invalid(path, `{${nodes.join(', ')}}`, ON_DEVICES);
  } else if (nodeName !== undefined || nodeSelector || allNodes !== undefined) {
    const detail =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    errors.invalid(path, undefined, detail);
  }
  validateBinding(errors, device, path);
}

function validateTaints(errors: FieldErrors, { taints }: Device, path: string): void {
  validateSet(errors, taints, `${path}.taints`, {
    most: MAX_TAINTS,
    each({ key, value, effect }, at) {
      errors.check(`${at}.key`, key, checkQualifiedName);
      if (value) errors.check(`${at}.value`, value, checkLabelValue);
      errors.oneOf(`${at}.effect`, effect, ['NoExecute', 'NoSchedule', 'None']);
    },
  });
}

function validateCounters(errors: FieldErrors, counters: Record<string, Counter> | undefined, path: string): void {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) errors.required(path);
  if (names.length > MAX_COUNTERS) errors.tooMany(path, names.length, MAX_COUNTERS);
  for (const name of names) errors.check(`${path}[${name}]`, name, checkDnsLabel);
}

function validateAttribute(errors: FieldErrors, attribute: DeviceAttribute, path: string): void {
  const values = (['int', 'bool', 'string', 'version'] as const).filter((field) => attribute[field] !== undefined);
  if (values.length !== 1) {
    errors.invalid(path, values.length === 0 ? '' : attribute, 'exactly one value must be specified');
  }
  const { string, version } = attribute;
  if (version !== undefined && !isSemver(version)) {
    errors.invalid(`${path}.version`, version, 'must be a string compatible with semver.org spec 2.0.0');
  }
  for (const [field, value] of Object.entries({ string, version })) {
    if (value !== undefined && Buffer.byteLength(value) > MAX_VALUE) errors.tooLong(`${path}.${field}`, MAX_VALUE);
  }
}

/** A number in a pre-release has no zero in front of it. */
function isSemver(version: string): boolean {
  const [found, , preRelease = ''] = SEMVER.exec(version) ?? [];
  return found !== undefined && preRelease.split('.').every((part) => !/^0\d+$/.test(part));
}
