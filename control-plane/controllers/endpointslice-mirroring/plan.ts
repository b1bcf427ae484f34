/** Plans for Endpoints that somebody wrote by hand: slices that say the same, since only slices are read. */
import ipaddr from 'ipaddr.js';

import { kinds } from '../../../api/kinds.ts';
import type { EndpointAddress, Endpoints, EndpointSubset, Service } from '../../../api/types/core.v1.ts';
import type { Endpoint, EndpointSlice } from '../../../api/types/discovery.v1.ts';
import type { Moment, Plan } from '../controller.ts';
import { LEADER_ANNOTATION } from '../endpoints/plan.ts';
import type { AddressType, EndpointGroup } from '../endpointslice/endpoints.ts';
import { portsKey } from '../endpointslice/endpoints.ts';
import { packEndpoints } from '../endpointslice/pack.ts';
import { TRIGGER_TIME } from '../endpointslice/plan.ts';
import { MANAGED_BY_LABEL, removeSlice, sliceActions } from '../endpointslice/slices.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';

export const SKIP_MIRROR_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface MirrorSnapshot {
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  /** All slices labelled with the service's name. */
  readonly slices: readonly EndpointSlice[];
}

export function planMirror({ service, endpoints, slices }: MirrorSnapshot, moment: Moment): Plan {
  const own = slices.filter(
    ({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MANAGER && !metadata.deletionTimestamp,
  );
  const reason = whyNot(service, endpoints);
  if (!endpoints || reason) return { actions: own.map(removeSlice), reasons: reason ? [reason] : [] };
  const packing = packEndpoints(own, groupsOf(endpoints.subsets ?? []), []);
  const made = {
    owner: endpoints,
    ownerKind: kinds.endpoints,
    labels: { ...endpoints.metadata.labels, [SERVICE_NAME_LABEL]: endpoints.metadata.name ?? '', ...managed },
    annotations: annotationsOf(endpoints),
  };
  return { actions: sliceActions(made, packing, moment), reasons: [] };
}

const managed = { [MANAGED_BY_LABEL]: MANAGER };

function whyNot(service: Service | undefined, endpoints: Endpoints | undefined): string | undefined {
  if (!endpoints || endpoints.metadata.deletionTimestamp) return 'there are no Endpoints';
  const { labels, annotations } = endpoints.metadata;
  if (labels?.[SKIP_MIRROR_LABEL] === 'true') return 'the Endpoints ask not to be mirrored';
  if (annotations?.[LEADER_ANNOTATION] !== undefined) return 'a leader is elected by the Endpoints';
  if (!service) return 'there is no service of that name';
  if (Object.keys(service.spec.selector ?? {}).length > 0) return 'the service has a selector';
  return undefined;
}

function annotationsOf({ metadata }: Endpoints): Record<string, string> {
  const { [TRIGGER_TIME]: _time, [LAST_APPLIED]: _applied, ...annotations } = metadata.annotations ?? {};
  return annotations;
}

interface Group {
  readonly addressType: AddressType;
  readonly ports: EndpointGroup['ports'];
  /** By address: what is ready in one subset is not made unready by another. */
  readonly endpoints: Map<string, Endpoint>;
}

/** Subsets with the same ports are one group for each family of addresses. */
function groupsOf(subsets: readonly EndpointSubset[]): readonly EndpointGroup[] {
  const groups = new Map<string, Group>();
  for (const { addresses = [], notReadyAddresses = [], ports: own = [] } of subsets) {
    const ports = own.map(({ name = '', ...port }) => ({ name, ...port }));
    const key = portsKey(ports);
    const add = (address: EndpointAddress, ready: boolean): void => {
      const ip = ipaddr.parse(address.ip);
      const addressType = ip.kind() === 'ipv6' ? 'IPv6' : 'IPv4';
      const group = groups.get(`${addressType} ${key}`) ?? { addressType, ports, endpoints: new Map() };
      groups.set(`${addressType} ${key}`, group);
      const known = group.endpoints.get(ip.toString());
      if (!known?.conditions.ready) group.endpoints.set(ip.toString(), endpointOf(address, ip.toString(), ready));
    };
    for (const address of addresses) add(address, true);
    for (const address of notReadyAddresses) add(address, false);
  }
  return [...groups.values()].map((group) => ({ ...group, endpoints: [...group.endpoints.values()] }));
}

function endpointOf({ hostname, nodeName, targetRef }: EndpointAddress, address: string, ready: boolean): Endpoint {
  return {
    addresses: [address],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(targetRef ? { targetRef } : {}),
    ...(nodeName ? { nodeName } : {}),
  };
}
