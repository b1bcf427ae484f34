/** The status of a ResourceClaim: which devices it got, and who uses them. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel } from '../../machinery/names.ts';
import type { AllocatedDeviceStatus, AllocationResult, ResourceClaim } from '../../types/resource.v1.ts';
import { checkInterfaceAddress } from '../addresses.ts';
import { validateConditions } from '../conditions.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateNodeSelector } from '../selectors.ts';
import { validateDriverName } from '../storage/csi.ts';
import { validateBinding } from './binding.ts';
import { requestNames, validateRequestRef, validateRequestRefs } from './claim.ts';
import {
  validateConfiguration,
  validateDeviceToleration,
  validatePoolName,
  validateRawObject,
  validateSet,
} from './names.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_CONSUMERS = 256;
const MAX_RESULTS = 32;
const MAX_CONFIGS = 64;
const MAX_CONDITIONS = 8;
const MAX_IPS = 16;
const MAX_INTERFACE_NAME = 256;
const MAX_HARDWARE_ADDRESS = 128;

export function validateResourceClaimStatus(next: ResourceClaim, previous: ResourceClaim): FieldError[] {
  const errors = new FieldErrors();
  const { allocation, reservedFor = [], devices } = next.status;
  validateConsumers(errors, next, previous);
  const isNew = allocation && !previous.status.allocation;
  if (isNew) validateAllocation(errors, allocation, requestNames(next.spec.devices ?? {}), 'status.allocation');
  else if (allocation) {
    errors.immutable('status.allocation', sameJson(allocation, previous.status.allocation), allocation);
  }
  if (reservedFor.length > 0 && !allocation) {
    errors.forbidden('status.reservedFor', 'may not be specified when `allocated` is not set');
  }
  const allocated = new Set(allocation?.devices?.results?.map(deviceId));
  validateSet(errors, devices, 'status.devices', {
    most: Infinity,
    key: deviceId,
    each(device, at) {
      validateDriverName(errors, device.driver, `${at}.driver`);
      validatePoolName(errors, device.pool, `${at}.pool`);
      errors.check(`${at}.device`, device.device, checkDnsLabel);
      if (!allocated.has(deviceId(device))) {
        errors.invalid(at, deviceId(device), 'must be an allocated device in the claim');
      }
      validateReport(errors, device, at);
    },
  });
  return errors.list;
}

/** What the driver says of the device. */
function validateReport(errors: FieldErrors, device: Partial<AllocatedDeviceStatus>, path: string): void {
  const { shareID, conditions = [], data, networkData } = device;
  if (shareID !== undefined) validateShareId(errors, shareID, `${path}.shareID`);
  if (conditions.length > MAX_CONDITIONS) errors.tooMany(`${path}.conditions`, conditions.length, MAX_CONDITIONS);
  validateConditions(errors, conditions, `${path}.conditions`);
  if (data !== undefined) validateRawObject(errors, data, `${path}.data`);
  if (!networkData) return;
  const at = `${path}.networkData`;
  const { interfaceName = '', hardwareAddress = '', ips } = networkData;
  if (Buffer.byteLength(interfaceName) > MAX_INTERFACE_NAME) errors.tooLong(`${at}.interfaceName`, MAX_INTERFACE_NAME);
  if (Buffer.byteLength(hardwareAddress) > MAX_HARDWARE_ADDRESS) {
    errors.tooLong(`${at}.hardwareAddress`, MAX_HARDWARE_ADDRESS);
  }
  validateSet(errors, ips, `${at}.ips`, {
    most: MAX_IPS,
    key: (address) => address,
    each: (address, where) => errors.check(where, address, checkInterfaceAddress),
  });
}

/** A UUID as it is usually written. */
function validateShareId(errors: FieldErrors, id: string, path: string): void {
  if (UUID.test(id)) return;
  const detail =
    'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';
  errors.invalid(path, id, detail);
}

function deviceId({
  driver,
  pool,
  device,
  shareID,
}: Record<'driver' | 'pool' | 'device', string> & { shareID?: string }): string {
  return [driver, pool, device, ...(shareID ? [shareID] : [])].join('/');
}

function validateConsumers(errors: FieldErrors, next: ResourceClaim, previous: ResourceClaim): void {
  const at = 'status.reservedFor';
  const { reservedFor = [] } = next.status;
  validateSet(errors, reservedFor, at, {
    most: MAX_CONSUMERS,
    key: ({ uid }) => uid,
    each(consumer, path) {
      for (const field of ['resource', 'name', 'uid'] as const)
        if (!consumer[field]) errors.required(`${path}.${field}`);
    },
  });
  if (next.metadata.deletionTimestamp === undefined) return;
  const before = new Set(previous.status.reservedFor?.map(({ uid }) => uid));
  if (!reservedFor.every(({ uid }) => before.has(uid))) {
    const detail = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
    errors.forbidden(at, detail);
  }
}

function validateAllocation(
  errors: FieldErrors,
  { devices, nodeSelector }: AllocationResult,
  names: ReadonlySet<string>,
  path: string,
): void {
  validateSet(errors, devices?.results, `${path}.devices.results`, {
    most: MAX_RESULTS,
    each(result, at) {
      validateRequestRef(errors, result.request, names, `${at}.request`);
      validateDriverName(errors, result.driver, `${at}.driver`);
      validatePoolName(errors, result.pool, `${at}.pool`);
      errors.check(`${at}.device`, result.device, checkDnsLabel);
      if (result.shareID !== undefined) validateShareId(errors, result.shareID, `${at}.shareID`);
      validateBinding(errors, result, at);
      result.tolerations?.forEach((toleration, index) => {
        validateDeviceToleration(errors, toleration, `${at}.tolerations[${index}]`);
      });
    },
  });
  validateSet(errors, devices?.config, `${path}.devices.config`, {
    most: MAX_CONFIGS,
    each(config, at) {
      errors.oneOf(`${at}.source`, config.source, ['FromClaim', 'FromClass']);
      validateRequestRefs(errors, config.requests, names, `${at}.requests`);
      validateConfiguration(errors, config, at);
    },
  });
  if (nodeSelector) validateNodeSelector(errors, nodeSelector, `${path}.nodeSelector`);
}
