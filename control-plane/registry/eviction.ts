/** pods/eviction: a delete that asks first whether it may be. */
import { badRequest } from '../../api/errors.ts';
import type { Pod } from '../../api/schema/types/core.v1.ts';
import type { Status } from '../../api/schema/types/meta.v1.ts';
import type { Eviction } from '../../api/schema/types/policy.v1.ts';
import type { DeleteOptions } from './port.ts';
import type { DeleteRequest, GenericResource } from './resource.ts';

/**
 * Deletes the pod with the options the eviction carries. Rejects with NotFound and Conflict as a delete does, and with
 * TooManyRequests when a disruption budget forbids it.
 */
export async function evictPod(
  pods: Pick<GenericResource<Pod>, 'remove'>,
  eviction: Eviction,
  request: DeleteRequest = {},
): Promise<Status> {
  const { namespace = '', name = '' } = eviction.metadata;
  // Disruption budgets are asked here, before the delete, once that kind is served.
  await pods.remove(namespace, name, { ...optionsOf(eviction), ...request });
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

function optionsOf({ deleteOptions = {} }: Eviction): DeleteOptions {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = deleteOptions;
  const policy = propagationPolicy ?? '';
  if (policy !== '' && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    throw badRequest(`invalid propagationPolicy: ${policy}`);
  }
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(policy === '' ? {} : { propagationPolicy: policy }),
    ...(preconditions === undefined ? {} : { preconditions }),
    ...(dryRun?.includes('All') ? { dryRun: true } : {}),
  };
}
