/** The next step of a rolling update: which old pods go, and on which nodes a new one comes beside an old one. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { boundsOf, isAvailable, stayingAt, type Fleet, type Site } from './fleet.ts';
import type { Removal, Step } from './step.ts';

/** A node with at most one pod of each kind; those that are going don't count. */
interface Pair {
  readonly site: Site;
  readonly old: Pod | undefined;
  readonly fresh: Pod | undefined;
}

/** To be asked when upkeep has nothing to do. */
export function rollingStep(fleet: Fleet): Step {
  const wanted = fleet.sites.filter(({ isWanted }) => isWanted).length;
  const { surge, unavailable } = boundsOf(fleet.daemonSet, wanted);
  const pairs = fleet.sites.map((site) => pairAt(fleet, site));
  return surge > 0 ? surgeStep(fleet, pairs, { surge, wanted }) : replaceStep(fleet, pairs, unavailable);
}

function pairAt(fleet: Fleet, site: Site): Pair {
  const staying = stayingAt(site);
  return {
    site,
    old: staying.find((pod) => !fleet.isUpdated(pod)),
    fresh: staying.find((pod) => fleet.isUpdated(pod)),
  };
}

function outdated({ site: { node }, old: pod }: Pair): readonly Removal[] {
  return pod ? [{ pod, node, why: 'it was made from an older template' }] : [];
}

/** Old pods that are of no use go at once; those that are, while few enough nodes are without. */
function replaceStep(fleet: Fleet, pairs: readonly Pair[], maxUnavailable: number): Step {
  const serves = (pod: Pod | undefined): boolean => pod !== undefined && isAvailable(fleet, pod);
  const useless = pairs.filter(({ old, fresh }) => old && !fresh && !serves(old));
  const candidates = pairs.filter(({ old, fresh }) => !fresh && serves(old));
  const lacking = pairs.filter(({ old, fresh }) => (old && fresh) || !(serves(old) || serves(fresh))).length;
  const more = Math.max(0, maxUnavailable - lacking);
  const going = [...useless, ...candidates.slice(0, more)];
  const reasons =
    candidates.length > more ? [`${lacking} nodes lack an available pod, and ${maxUnavailable} at most may`] : [];
  return { create: [], remove: going.flatMap(outdated), reasons };
}

/** A new pod comes beside the old one, which goes once the new one is available. */
function surgeStep(fleet: Fleet, pairs: readonly Pair[], bounds: { surge: number; wanted: number }): Step {
  const serves = (pod: Pod | undefined): boolean => pod !== undefined && isAvailable(fleet, pod);
  const alone = pairs.filter(({ old, fresh }) => old && !fresh);
  const both = pairs.filter(({ old, fresh }) => old && fresh);
  const useless = alone.filter(({ old }) => !serves(old));
  const serving = alone.filter(({ old, site }) => serves(old) && site.isWanted);
  const unwanted = alone.filter(({ old, site }) => serves(old) && !site.isWanted);
  const room = Math.max(0, bounds.surge - both.filter(({ fresh }) => !serves(fresh)).length);
  // A daemon moves from node to node without a gap: those where it no longer belongs go as others come.
  const available = pairs.filter(({ old, fresh }) => serves(old ?? fresh)).length;
  const spare = Math.max(0, available - bounds.wanted);
  const going = [
    ...both.filter(({ fresh }) => serves(fresh)),
    ...useless.filter(({ site }) => !site.isWanted),
    ...unwanted.slice(0, spare),
  ];
  const coming = [...useless.filter(({ site }) => site.isWanted), ...serving.slice(0, room)];
  const reasons = serving.length > room ? [`${bounds.surge} new pods at most may become available at once`] : [];
  return {
    create: coming.map(({ site }) => site.node),
    remove: going.flatMap(outdated),
    reasons,
  };
}
