/** Room for the pods that are nominated to a node: whoever is less important must fit beside them. */
import type { FilterPlugin, Profile, Refusal } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { type Prepared, preparedFor } from './ranking.ts';
import type { Snapshot } from './snapshot.ts';
import { Trial } from './trial.ts';

export interface Refused {
  readonly plugin: FilterPlugin;
  readonly refusal: Refusal;
}

/**
 * What speaks against the pod on a node that takes it otherwise, once the nominated pods have come there; undefined while
 * no pod is nominated at all.
 */
export function reservedRoom(
  profile: Profile,
  info: PodInfo,
  snapshot: Snapshot,
): ((row: number) => Refused | undefined) | undefined {
  const { nominations, names } = snapshot;
  if (nominations.size === 0) return undefined;
  return (row) => {
    const ahead = nominations.ahead(names[row] ?? '', info);
    if (ahead.length === 0) return undefined;
    const trial = new Trial(snapshot, row);
    try {
      for (const other of ahead) trial.add(other);
      // Prepared with the others there: they may bring rules that nobody had before.
      return firstRefusal(preparedFor(profile, info, snapshot, ['node', 'cluster']), row);
    } finally {
      trial.undo();
    }
  };
}

export function firstRefusal(prepared: readonly Prepared[], row: number): Refused | undefined {
  for (const { plugin, filter } of prepared) {
    const refusal = filter(row);
    if (refusal) return { plugin, refusal };
  }
  return undefined;
}
