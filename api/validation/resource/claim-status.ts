/** The status of a ResourceClaim: which devices it got, and who uses them. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel } from '../../machinery/names.ts';
import type { AllocationResult, ResourceClaim } from '../../schema/types/resource.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateNodeSelector } from '../selectors.ts';
import { validateDriverName } from '../storage/csi.ts';
import { requestNames, validateRequestRef, validateRequestRefs } from './claim.ts';
import { validateConfiguration, validateDeviceToleration, validatePoolName, validateSet } from './names.ts';

const MAX_CONSUMERS = 256;
const MAX_RESULTS = 32;
const MAX_CONFIGS = 64;
const MAX_DEVICES = 32;

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
    most: MAX_DEVICES,
    key: deviceId,
    each(device, at) {
      validateDriverName(errors, device.driver, `${at}.driver`);
      validatePoolName(errors, device.pool, `${at}.pool`);
      errors.check(`${at}.device`, device.device, checkDnsLabel);
      if (!allocated.has(deviceId(device))) {
        errors.invalid(at, deviceId(device), 'must be an allocated device in the claim');
      }
    },
  });
  return errors.list;
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
