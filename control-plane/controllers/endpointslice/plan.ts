/** Plans for a service: its endpoint slices. */
import { isDeepStrictEqual } from 'node:util';

import { kinds } from '../../../api/kinds.ts';
import { selectorFromMap } from '../../../api/machinery/selectors.ts';
import type { Pod, Service } from '../../../api/schema/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/schema/types/discovery.v1.ts';
import type { Action } from '../actions.ts';
import { ownerReferenceTo, targetOf } from '../actions.ts';
import { readyCondition } from '../conditions.ts';
import type { Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';
import type { NodeFacts } from './endpoints.ts';
import { addressTypesOf, endpointGroups } from './endpoints.ts';
import type { Packed } from './pack.ts';
import { packEndpoints } from './pack.ts';

const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS_LABEL = 'service.kubernetes.io/headless';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
/** What of a service's name a slice's name can hold beside its suffix. */
const MAX_PREFIX = 248;

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
  const { kept, removed } = packEndpoints(own, groups, addressTypesOf(service));
  const wanted = { service, labels: labelsOf(service), trigger: triggerTime(service, pods) };
  return {
    // New places first: nobody shall look for an endpoint that moved between slices in vain.
    actions: [
      ...kept.filter(({ slice }) => !slice).map((packed) => create(wanted, packed, moment.nextId())),
      ...kept.flatMap((packed) => update(wanted, packed)),
      ...removed.map(remove),
    ],
    reasons: groups.length === 0 ? ['no selected pod has an address yet'] : [],
  };
}

function isOurs(labels: Record<string, string> = {}): boolean {
  return labels[MANAGED_BY_LABEL] === MANAGER;
}

interface Wanted {
  readonly service: Service;
  readonly labels: Record<string, string>;
  readonly trigger: string | undefined;
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
function triggerTime({ metadata }: Service, pods: readonly Pod[]): string | undefined {
  const times = pods.map((pod) => readyCondition(pod)?.lastTransitionTime);
  return [metadata.creationTimestamp, ...times]
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1);
}

function create({ service, labels, trigger }: Wanted, packed: Packed, id: string): Action {
  const generateName = `${service.metadata.name}-`.slice(0, MAX_PREFIX);
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${generateName}${id}`,
      generateName,
      namespace: service.metadata.namespace,
      labels,
      ...(trigger ? { annotations: { [TRIGGER_TIME]: trigger } } : {}),
      ownerReferences: [ownerReferenceTo(kinds.services, service)],
    },
    addressType: packed.addressType,
    endpoints: [...packed.endpoints],
    ports: [...packed.ports],
  };
  return { do: 'create', kind: kinds.endpointslices, object: slice, why: 'endpoints have no place in a slice yet' };
}

function update({ service, labels, trigger }: Wanted, { slice, endpoints, ports }: Packed): readonly Action[] {
  if (!slice) return [];
  const sameEndpoints = isDeepStrictEqual(endpoints, slice.endpoints ?? []);
  const owned = slice.metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid);
  if (sameEndpoints && owned && isDeepStrictEqual(labels, slice.metadata.labels)) return [];
  const dropped = Object.keys(slice.metadata.labels ?? {}).filter((label) => !(label in labels));
  const metadata = {
    labels: { ...labels, ...Object.fromEntries(dropped.map((label) => [label, null])) },
    ...(trigger && !sameEndpoints ? { annotations: { [TRIGGER_TIME]: trigger } } : {}),
    ...(owned ? {} : { ownerReferences: [ownerReferenceTo(kinds.services, service)] }),
  };
  const patch = { metadata, endpoints, ports };
  return [{ do: 'patch', target: targetOf(kinds.endpointslices, slice), patch, why: 'its endpoints have changed' }];
}

function remove(slice: EndpointSlice): Action {
  return { do: 'delete', target: targetOf(kinds.endpointslices, slice), why: 'it holds no endpoint any more' };
}
