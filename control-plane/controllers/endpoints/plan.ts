/** Plans for a service: the Endpoints object of its name. */
import { isDeepStrictEqual } from 'node:util';

import { kinds } from '../../../api/kinds.ts';
import { selectorFromMap } from '../../../api/machinery/selectors.ts';
import type { Endpoints, Pod, Service } from '../../../api/types/core.v1.ts';
import { targetOf, type Action } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';
import type { NodeFacts } from '../endpointslice/endpoints.ts';
import { HEADLESS_LABEL, TRIGGER_TIME, triggerTime } from '../endpointslice/plan.ts';
import { subsetsOf, type Subsets } from './subsets.ts';

const MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
const MANAGER = 'endpoint-controller';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
/** On objects that are nobody's endpoints: programs of old elect their leader by them. */
export const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';

export interface EndpointsSnapshot {
  readonly service: Service;
  /** Pods of its namespace; those it does not select are passed over. */
  readonly pods: readonly Pod[];
  readonly endpoints: Endpoints | undefined;
  readonly nodeOf: (name: string) => NodeFacts | undefined;
}

export function planEndpoints({ service, pods: candidates, endpoints, nodeOf }: EndpointsSnapshot): Plan {
  const { selector = {}, type } = service.spec;
  if (service.metadata.deletionTimestamp) return { ...NOTHING, reasons: ['the service is being deleted'] };
  if (type === 'ExternalName') return { ...NOTHING, reasons: ['the service is a name of something outside'] };
  if (Object.keys(selector).length === 0) return { ...NOTHING, reasons: ['the service has no selector'] };
  const { matches } = selectorFromMap(selector);
  const pods = candidates.filter(({ metadata }) => matches(metadata.labels));
  const wanted = subsetsOf({ service, pods, nodeOf });
  const trigger = triggerTime(service, pods);
  const actions = endpoints ? update(service, endpoints, wanted, trigger) : [create(service, wanted, trigger)];
  return { actions, reasons: [] };
}

/** Endpoints go with their service, whoever made them; the store must confirm that it is gone. */
export function planLeftover(endpoints: Endpoints): Plan {
  if (endpoints.metadata.annotations?.[LEADER_ANNOTATION] !== undefined) {
    return { ...NOTHING, reasons: ['a leader is elected by it'] };
  }
  const target = targetOf(kinds.endpoints, endpoints);
  const service = { ...target, kind: kinds.services, uid: '' };
  const action: Action = {
    do: 'collect',
    target,
    owners: [service],
    propagationPolicy: 'Background',
    resourceVersion: endpoints.metadata.resourceVersion ?? '',
    why: 'its service is gone',
  };
  return { actions: [action], reasons: [] };
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...labels } = metadata.labels ?? {};
  const headless: Record<string, string> = spec.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {};
  return { ...labels, ...headless, [MANAGED_BY_LABEL]: MANAGER };
}

function create(service: Service, { subsets, truncated }: Subsets, trigger: string | undefined): Action {
  const { name, namespace } = service.metadata;
  const annotations = {
    ...(trigger ? { [TRIGGER_TIME]: trigger } : {}),
    ...(truncated ? { [OVER_CAPACITY]: 'truncated' } : {}),
  };
  const object: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace, labels: labelsOf(service), annotations },
    ...(subsets.length > 0 ? { subsets: [...subsets] } : {}),
  };
  return { do: 'create', kind: kinds.endpoints, object, why: 'the service has none yet' };
}

function update(
  service: Service,
  endpoints: Endpoints,
  { subsets, truncated }: Subsets,
  trigger: string | undefined,
): readonly Action[] {
  const { labels: before = {}, annotations = {} } = endpoints.metadata;
  const labels = labelsOf(service);
  const sameSubsets = isDeepStrictEqual(endpoints.subsets ?? [], subsets);
  const sameCapacity = (annotations[OVER_CAPACITY] === 'truncated') === truncated;
  if (sameSubsets && sameCapacity && isDeepStrictEqual(before, labels)) return [];
  const dropped = Object.keys(before).filter((label) => !(label in labels));
  const patch = {
    metadata: {
      labels: { ...labels, ...Object.fromEntries(dropped.map((label) => [label, null])) },
      annotations: { [TRIGGER_TIME]: trigger ?? null, [OVER_CAPACITY]: truncated ? 'truncated' : null },
    },
    subsets: subsets.length > 0 ? subsets : null,
  };
  return [{ do: 'patch', target: targetOf(kinds.endpoints, endpoints), patch, why: 'its addresses have changed' }];
}
