/** What an APIService says about itself: whether whoever serves it can be reached. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { APIService } from '../../../api/types/apiregistration.v1.ts';
import type { Service } from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { type Action, type Condition, targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

/** What can't be watched, such as a network that broke, is noticed after so long. */
const AGAIN_MILLISECONDS = 30_000;
const HTTPS_PORT = 443;

export interface ApiServiceSnapshot {
  readonly apiService: APIService;
  /** The service it names, and that service's endpoints. */
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
}

export function planAvailability(snapshot: ApiServiceSnapshot, at: string): Plan {
  const { apiService } = snapshot;
  if (!apiService.spec.service) {
    const local = available('Local', 'Local APIServices are always available');
    return { actions: conditionOf(apiService, local, at, 'it is served here'), reasons: [] };
  }
  const missing = whatIsMissing(snapshot);
  if (missing) return { actions: conditionOf(apiService, missing, at, 'nobody can be asked'), reasons: [] };
  return {
    actions: [
      { do: 'probe', apiService, why: 'only whoever serves it knows' },
      ...conditionOf(apiService, available('Passed', 'all checks passed'), at, 'it answers'),
    ],
    reasons: [],
    after: AGAIN_MILLISECONDS,
  };
}

/** Asked, it did not answer. */
export function planUnavailable(apiService: APIService, message: string, at: string): readonly Action[] {
  return conditionOf(apiService, unavailable('FailedDiscoveryCheck', message), at, 'it does not answer');
}

function whatIsMissing({ apiService, service, slices }: ApiServiceSnapshot): Condition | undefined {
  const { namespace, name, port = HTTPS_PORT } = apiService.spec.service ?? {};
  const named = `service/${name} in ${JSON.stringify(namespace)}`;
  if (!service) return unavailable('ServiceNotFound', `${named} is not present`);
  if (service.spec.type !== 'ClusterIP') return undefined;
  const found = service.spec.ports?.find((each) => each.port === port);
  if (!found) return unavailable('ServicePortError', `${named} is not listening on port ${port}`);
  if (slices.length === 0) return unavailable('EndpointsNotFound', `cannot find endpointslices for ${named}`);
  const portName = found.name ?? '';
  if (slices.some((slice) => hasReady(slice, portName))) return undefined;
  const message = `endpointslices for ${named} have no addresses with port name ${JSON.stringify(portName)}`;
  return unavailable('MissingEndpoints', message);
}

function hasReady({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  const isReady = endpoints.some(({ conditions }) => conditions?.ready !== false);
  return isReady && ports.some(({ name, port }) => (name ?? '') === portName && port !== undefined);
}

function available(reason: string, message: string): Condition {
  return { type: 'Available', status: 'True', reason, message };
}

function unavailable(reason: string, message: string): Condition {
  return { type: 'Available', status: 'False', reason, message };
}

/** Nothing when it says so already. */
function conditionOf(apiService: APIService, next: Condition, at: string, why: string): Action[] {
  const { status, reason, message } = apiService.status.conditions?.find(({ type }) => type === next.type) ?? {};
  if (status === next.status && reason === next.reason && message === next.message) return [...NOTHING.actions];
  const target = targetOf(kinds.apiservices as Kind, apiService);
  return [{ do: 'set-conditions', target, conditions: [next], at, why }];
}
