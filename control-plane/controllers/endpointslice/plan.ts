/** Plans for a service: its endpoint slices. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromMap } from '../../../api/machinery/selectors.ts';
import type { Pod, Service } from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { readyCondition } from '../conditions.ts';
import type { Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';
import type { NodeFacts } from './endpoints.ts';
import { addressTypesOf, endpointGroups } from './endpoints.ts';
import { packEndpoints } from './pack.ts';
import { MANAGED_BY_LABEL, sliceActions } from './slices.ts';

const MANAGER = 'endpointslice-controller.k8s.io';
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

export interface EndpointSnapshot {
  readonly service: Service;
  /** Pods of its namespace; those it does not select are passed over. */
  readonly pods: readonly Pod[];
  /** All slices labelled with the service's name. */
  readonly slices: readonly EndpointSlice[];
  readonly nodeOf: (name: string) => NodeFacts | undefined;
}

export function planEndpointSlices(snapshot: EndpointSnapshot, moment: Moment): Plan {
  const { service, slices } = snapshot;
  const { selector = {}, type } = service.spec;
  if (service.metadata.deletionTimestamp) return { ...NOTHING, reasons: ['the service is being deleted'] };
  if (type === 'ExternalName') return { ...NOTHING, reasons: ['the service is a name of something outside'] };
  if (Object.keys(selector).length === 0) return { ...NOTHING, reasons: ['the service has no selector'] };
  const { matches } = selectorFromMap(selector);
  const pods = snapshot.pods.filter(({ metadata }) => matches(metadata.labels));
  const own = slices.filter(({ metadata }) => isOurs(metadata.labels) && !metadata.deletionTimestamp);
  const groups = endpointGroups({ service, pods, nodeOf: snapshot.nodeOf });
  const packing = packEndpoints(own, groups, addressTypesOf(service));
  const trigger = triggerTime(service, pods);
  const annotations: Record<string, string> = trigger ? { [TRIGGER_TIME]: trigger } : {};
  const made = { owner: service, ownerKind: kinds.services, labels: labelsOf(service), annotations };
  return {
    actions: sliceActions(made, packing, moment),
    reasons: groups.length === 0 ? ['no selected pod has an address yet'] : [],
  };
}

function isOurs(labels: Record<string, string> = {}): boolean {
  return labels[MANAGED_BY_LABEL] === MANAGER;
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...labels } = metadata.labels ?? {};
  return {
    ...labels,
    ...(spec.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
    [SERVICE_NAME_LABEL]: metadata.name ?? '',
    [MANAGED_BY_LABEL]: MANAGER,
  };
}

/** When the latest of what the endpoints were made from happened: how far behind a proxy is can be read from it. */
export function triggerTime({ metadata }: Service, pods: readonly Pod[]): string | undefined {
  const times = pods.map((pod) => readyCondition(pod)?.lastTransitionTime);
  return [metadata.creationTimestamp, ...times]
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1);
}
