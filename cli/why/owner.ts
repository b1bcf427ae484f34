/** Why a replica set, stateful set, daemon set or job has not the pods it should have. */
import type { Event } from '../../api/types/core.v1.ts';
import type { Explanation } from './explanation.ts';
import { nothing } from './explanation.ts';
import { explainRefused, lastRefusal } from './refused.ts';

export interface OwnerSeen {
  /** Such as `statefulset/db`. */
  readonly name: string;
  readonly namespace: string;
  /** How many pods it should have now. */
  readonly wanted: number;
  /** Of its condition ReplicaFailure; '' without one. */
  readonly failure: string;
  /** Of its pods. */
  readonly pods: readonly Explanation[];
  /** About it, newest last. */
  readonly events: readonly Event[];
}

export function explainOwner({ name, namespace, wanted, failure, pods, events }: OwnerSeen): Explanation {
  const isShort = pods.length < wanted;
  if (failure !== '' || (isShort && lastRefusal(events) !== ''))
    return explainRefused({ name, namespace, message: failure, events });
  const last = events.at(-1);
  const bad = pods.find(({ isFine }) => !isFine);
  if (bad) return bad;
  if (isShort) {
    return {
      ...nothing,
      headline: `${name} has ${pods.length} of the ${wanted} pods it should have.`,
      isFine: false,
      facts: [
        last ? `Last thing that happened: ${last.message}` : 'No controller has said anything about it; does one run?',
      ],
      help: [`See dure describe ${name} -n ${namespace}`],
    };
  }
  return { ...nothing, headline: `${name} has ${pods.length} pods, all fine.`, isFine: true };
}
