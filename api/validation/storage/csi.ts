/** CSIDriver, CSINode and CSIStorageCapacity: what drivers of storage say about themselves. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsSubdomain, checkQualifiedName } from '../../machinery/names.ts';
import type { CSIDriver, CSINode, CSINodeDriver, CSIStorageCapacity, TokenRequest } from '../../types/storage.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateQuantity } from '../resources.ts';
import { validateLabelSelector } from '../selectors.ts';

const MAX_DRIVER_NAME = 63;
const MAX_NODE_ID = 256;
const SHORTEST_UPDATE_PERIOD_SECONDS = 10;
const SHORTEST_TOKEN_SECONDS = 600;
const LONGEST_TOKEN_SECONDS = 2 ** 32;
const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];

export function validateCsiDriver({ spec }: CSIDriver): FieldError[] {
  const errors = new FieldErrors();
  // Kubernetes' own path of this field.
  if (spec.attachRequired === undefined) errors.required('spec.attachedRequired');
  for (const field of ['podInfoOnMount', 'storageCapacity', 'seLinuxMount'] as const) {
    if (spec[field] === undefined) errors.required(`spec.${field}`);
  }
  if (spec.fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(spec.fsGroupPolicy)) {
    errors.notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, GROUP_POLICIES);
  }
  validateTokenRequests(errors, spec.tokenRequests ?? [], 'spec.tokenRequests');
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!LIFECYCLE_MODES.includes(mode)) errors.notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES);
  }
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < SHORTEST_UPDATE_PERIOD_SECONDS) {
    const detail = 'must be greater than or equal to 10 seconds';
    errors.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, detail);
  }
  return errors.list;
}

function validateTokenRequests(errors: FieldErrors, requests: readonly TokenRequest[], path: string): void {
  const seen = new Set<string>();
  requests.forEach(({ audience = '', expirationSeconds: seconds }: Partial<TokenRequest>, index) => {
    if (seen.has(audience)) {
      errors.duplicate(`${path}[${index}].audience`, audience);
      return;
    }
    seen.add(audience);
    if (seconds === undefined) return;
    const at = `${path}[${index}].expirationSeconds`;
    if (seconds < SHORTEST_TOKEN_SECONDS) {
      errors.invalid(at, seconds, 'may not specify a duration less than 10 minutes');
    }
    if (seconds > LONGEST_TOKEN_SECONDS) {
      errors.invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds');
    }
  });
}

export function validateCsiDriverUpdate(next: CSIDriver, previous: CSIDriver): FieldError[] {
  const errors = new FieldErrors();
  const { attachRequired, volumeLifecycleModes } = next.spec;
  errors.immutable('spec.attachedRequired', attachRequired === previous.spec.attachRequired, attachRequired);
  const sameModes = sameJson(volumeLifecycleModes, previous.spec.volumeLifecycleModes);
  errors.immutable('spec.volumeLifecycleModes', sameModes, volumeLifecycleModes);
  return errors.list;
}

export function validateCsiNode({ spec }: CSINode): FieldError[] {
  const errors = new FieldErrors();
  const seen = new Set<string>();
  spec.drivers.forEach((driver, index) => {
    const at = `spec.drivers[${index}]`;
    validateNodeDriver(errors, driver, at);
    if (seen.has(driver.name)) errors.duplicate(`${at}.name`, driver.name);
    seen.add(driver.name);
  });
  return errors.list;
}

function validateNodeDriver(errors: FieldErrors, driver: CSINodeDriver, path: string): void {
  const { nodeID, topologyKeys, allocatable } = driver;
  validateDriverName(errors, driver.name, `${path}.name`);
  if (!nodeID) errors.required(`${path}.nodeID`);
  else if (nodeID.length > MAX_NODE_ID) {
    errors.invalid(`${path}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`);
  }
  errors.notNegative(`${path}.allocatable.count`, allocatable?.count);
  const seen = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (key === '') errors.required(path);
    if (seen.has(key)) errors.duplicate(path, key);
    seen.add(key);
    errors.check(path, key, checkQualifiedName);
  }
}

export function validateDriverName(errors: FieldErrors, name: string | undefined, path: string): void {
  if (!name) errors.required(path);
  else if (name.length > MAX_DRIVER_NAME) errors.tooLong(path, MAX_DRIVER_NAME);
  errors.invalidEach(path, name ?? '', checkDnsSubdomain((name ?? '').toLowerCase()));
}

/** A driver that is there may say anew how much it can take, and nothing else. */
export function validateCsiNodeUpdate(next: CSINode, previous: CSINode): FieldError[] {
  const errors = new FieldErrors();
  const drivers = new Map(next.spec.drivers.map((driver) => [driver.name, driver]));
  for (const before of previous.spec.drivers) {
    const now = drivers.get(before.name);
    if (!now) continue;
    const isSame = sameJson({ ...now, allocatable: undefined }, { ...before, allocatable: undefined });
    errors.immutable('spec.drivers', isSame, now);
  }
  return errors.list;
}

export function validateCsiStorageCapacity({
  nodeTopology,
  storageClassName,
  capacity,
}: CSIStorageCapacity): FieldError[] {
  const errors = new FieldErrors();
  validateLabelSelector(errors, nodeTopology, 'nodeTopology');
  errors.check('storageClassName', storageClassName, checkDnsSubdomain);
  if (capacity !== undefined) validateQuantity(errors, capacity, 'capacity');
  return errors.list;
}

export function validateCsiStorageCapacityUpdate(next: CSIStorageCapacity, previous: CSIStorageCapacity): FieldError[] {
  const errors = new FieldErrors();
  for (const field of ['nodeTopology', 'storageClassName'] as const) {
    errors.immutable(field, sameJson(next[field], previous[field]), next[field]);
  }
  return errors.list;
}
