/** What makes slices hold what was packed for them, whatever it was made from. */
import { isDeepStrictEqual } from 'node:util';

import { kinds, type Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import type { Action } from '../actions.ts';
import { ownerReferenceTo, targetOf } from '../actions.ts';
import type { Moment } from '../controller.ts';
import type { Packed, Packing } from './pack.ts';

export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
/** What of an owner's name a slice's name can hold beside its suffix. */
const MAX_PREFIX = 248;

/** What the slices are made from, and what they say of it. */
export interface Made {
  readonly owner: KubeObject;
  readonly ownerKind: Kind;
  readonly labels: Record<string, string>;
  /** Those that are written whenever a slice is; others on it stay. */
  readonly annotations: Record<string, string>;
}

/** New places first: nobody shall look for an endpoint that moved between slices in vain. */
export function sliceActions(made: Made, { kept, removed }: Packing, moment: Moment): readonly Action[] {
  return [
    ...kept.filter(({ slice }) => !slice).map((packed) => create(made, packed, moment.nextId())),
    ...kept.flatMap((packed) => update(made, packed)),
    ...removed.map(removeSlice),
  ];
}

export function removeSlice(slice: EndpointSlice): Action {
  return { do: 'delete', target: targetOf(kinds.endpointslices, slice), why: 'it holds no endpoint any more' };
}

function create({ owner, ownerKind, labels, annotations }: Made, packed: Packed, id: string): Action {
  const generateName = `${owner.metadata.name}-`.slice(0, MAX_PREFIX);
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${generateName}${id}`,
      generateName,
      namespace: owner.metadata.namespace,
      labels,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ownerReferences: [ownerReferenceTo(ownerKind, owner)],
    },
    addressType: packed.addressType,
    endpoints: [...packed.endpoints],
    ports: [...packed.ports],
  };
  return { do: 'create', kind: kinds.endpointslices, object: slice, why: 'endpoints have no place in a slice yet' };
}

function update(made: Made, { slice, endpoints, ports }: Packed): readonly Action[] {
  if (!slice) return [];
  const { owner, ownerKind, labels, annotations } = made;
  const sameEndpoints = isDeepStrictEqual(endpoints, slice.endpoints ?? []);
  const owned = slice.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid);
  if (sameEndpoints && owned && isDeepStrictEqual(labels, slice.metadata.labels)) return [];
  const dropped = Object.keys(slice.metadata.labels ?? {}).filter((label) => !(label in labels));
  const metadata = {
    labels: { ...labels, ...Object.fromEntries(dropped.map((label) => [label, null])) },
    ...(sameEndpoints ? {} : { annotations }),
    ...(owned ? {} : { ownerReferences: [ownerReferenceTo(ownerKind, owner)] }),
  };
  const patch = { metadata, endpoints, ports };
  return [{ do: 'patch', target: targetOf(kinds.endpointslices, slice), patch, why: 'its endpoints have changed' }];
}
