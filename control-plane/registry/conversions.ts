/** Between the versions of the resources of the table that are served in more than one. */
import { autoscalerToV1, autoscalerToV2 } from '../../api/conversion/autoscaling.ts';
import { fromCoreEvent, toCoreEvent } from '../../api/conversion/events.ts';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Conversion } from './conversion.ts';

/** By the row of the version that is served; the rows with `storedAs` have one, the others none. */
export function conversionsOf(): ReadonlyMap<Kind, Conversion> {
  return new Map<Kind, Conversion>([
    [kinds['horizontalpodautoscalers.v1'], conversion(autoscalerToV1, autoscalerToV2)],
    [kinds['events.events.k8s.io'], conversion(fromCoreEvent, toCoreEvent)],
  ]);
}

/** The functions are typed; what they are given is of their types, as it comes from under the keys of those rows. */
function conversion<Stored extends KubeObject, Served extends KubeObject>(
  toServed: (stored: Stored) => Served,
  toStored: (served: Served) => Stored,
): Conversion {
  return {
    toServed: (stored) => stored.map((object) => toServed(object as Stored)),
    toStored: (served) => toStored(served as Served),
  };
}
