/** Keeps one pod on each node where one belongs, whatever template it was made from, and none elsewhere. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { isReady } from '../conditions.ts';
import { isAvailable, stayingAt, surges, type Fleet, type Site } from './fleet.ts';
import type { Removal, Step } from './step.ts';

/** Milliseconds until a failed pod on the node may be replaced. */
export type UntilReplaced = (node: string) => number;

export function upkeepStep(fleet: Fleet, untilReplaced: UntilReplaced): Step {
  const create: string[] = [];
  const remove: Removal[] = [];
  const reasons: string[] = [];
  const waits: number[] = [];
  for (const site of fleet.sites) {
    const ended = site.mayStay ? endedAt(site, untilReplaced) : NONE_ENDED;
    remove.push(...ended.remove, ...superfluousAt(fleet, site));
    if (lacksPod(fleet, site)) create.push(site.node);
    if (ended.wait === undefined) continue;
    waits.push(ended.wait);
    reasons.push(`the failed pod on ${site.node} is replaced in ${Math.ceil(ended.wait / 1000)} more seconds`);
  }
  return { create, remove, reasons, ...(waits.length > 0 ? { after: Math.min(...waits) } : {}) };
}

/** A surge doesn't wait until the former pod is gone altogether. */
function lacksPod(fleet: Fleet, site: Site): boolean {
  if (!site.isWanted) return false;
  return site.pods.length === 0 || (surges(fleet.daemonSet) && stayingAt(site).length === 0);
}

interface Ended {
  readonly remove: readonly Removal[];
  /** Milliseconds that a failed pod still stays. */
  readonly wait?: number;
}

const NONE_ENDED: Ended = { remove: [] };

function endedAt(site: Site, untilReplaced: UntilReplaced): Ended {
  const { node } = site;
  const staying = stayingAt(site);
  const failed = staying.filter((pod) => phaseOf(pod) === 'Failed');
  const succeeded = staying.filter((pod) => phaseOf(pod) === 'Succeeded');
  const [next] = failed;
  const remove: Removal[] = succeeded.map((pod) => ({ pod, node, ended: 'Succeeded', why: 'it has ended' }));
  if (!next) return { remove };
  const wait = untilReplaced(node);
  if (wait > 0) return { remove, wait };
  return { remove: [...remove, { pod: next, node, ended: 'Failed', why: 'it has failed' }] };
}

function superfluousAt(fleet: Fleet, site: Site): readonly Removal[] {
  if (!site.mayStay) return misplacedAt(site);
  const running = stayingAt(site).filter((pod) => !['Failed', 'Succeeded'].includes(phaseOf(pod)));
  const extra = surges(fleet.daemonSet) ? overtaken(fleet, running) : running.slice(1);
  return extra.map((pod) => ({ pod, node: site.node, why: 'there is another on its node' }));
}

/** A pod on a node that is gone is cleared away with it, unless it never got there. */
function misplacedAt(site: Site): readonly Removal[] {
  const pods = site.exists ? stayingAt(site) : stayingAt(site).filter(({ spec }) => !spec.nodeName);
  const why = site.exists ? 'it does not belong on its node' : 'its node does not exist';
  return pods.map((pod) => ({ pod, node: site.node, why }));
}

/** During a surge an old pod may stay that is ready, beside a new one that is not available yet. */
function overtaken(fleet: Fleet, running: readonly Pod[]): readonly Pod[] {
  if (running.length < 2) return [];
  const fresh = running.find((pod) => fleet.isUpdated(pod));
  const old = running.find((pod) => !fleet.isUpdated(pod));
  const others = running.filter((pod) => pod !== fresh && pod !== old);
  if (!fresh || !old) return others;
  return !isReady(old) || isAvailable(fleet, fresh) ? [...others, old] : others;
}

function phaseOf({ status }: Pod): string {
  return status?.phase ?? '';
}
