/** Plans for a daemon set: one pod on every node where one belongs, made from its template, and a status. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { ControllerRevision, DaemonSet } from '../../../api/types/apps.v1.ts';
import type { Node, Pod } from '../../../api/types/core.v1.ts';
import type { Action, EventSeed } from '../actions.ts';
import { referenceTo, targetOf } from '../actions.ts';
import { untilAvailable } from '../conditions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { countCollision, historyOf } from '../history/history.ts';
import { claim } from '../owners.ts';
import { fleetOf, type Fleet } from './fleet.ts';
import { outlived, ownerOf, pastOf } from './past.ts';
import { podFor } from './pod.ts';
import { rollingStep } from './rolling-step.ts';
import { countersOf, statusPatch } from './status.ts';
import type { Removal, Step } from './step.ts';
import { upkeepStep, type UntilReplaced } from './upkeep.ts';

/** The most pods made, and the most deleted, by one plan; the views' changes bring on the next. */
const BURST = 250;

export interface DaemonSetSnapshot {
  readonly daemonSet: DaemonSet;
  readonly nodes: Iterable<Node>;
  /** Those it controls, and those in its namespace that nothing controls. */
  readonly pods: readonly Pod[];
  /** As {@link pods}. */
  readonly revisions: readonly ControllerRevision[];
  readonly untilReplaced: UntilReplaced;
}

export interface DaemonSetPlan extends Plan {
  /** Nodes on which a failed pod is replaced. */
  readonly failedOn: readonly string[];
}

export function planDaemonSet(snapshot: DaemonSetSnapshot, moment: Moment): DaemonSetPlan {
  const { daemonSet } = snapshot;
  // What belongs to it may be on its way to somebody else by now.
  if (daemonSet.metadata.deletionTimestamp !== undefined) {
    return { actions: [], reasons: ['the daemon set is being deleted'], failedOn: [] };
  }
  const selector = selectorFromObject(daemonSet.spec.selector);
  const { held, actions } = claim({
    owner: daemonSet,
    ownerKind: kinds.daemonsets,
    kind: kinds.pods,
    candidates: snapshot.pods,
    matches: (labels) => !selector.isEverything && selector.matches(labels),
  });
  const history = historyOf(ownerOf(daemonSet), snapshot.revisions);
  const past = pastOf(daemonSet, history, held);
  const { nodes } = snapshot;
  const fleet = fleetOf({ daemonSet, date: moment.date, hashes: past.hashes, nodes, pods: held });
  const step = stepOf(fleet, snapshot.untilReplaced);
  const failedOn = step.remove.filter(({ ended }) => ended === 'Failed').map(({ node }) => node);
  return {
    actions: [
      ...actions,
      ...history.actions,
      ...past.actions,
      ...statusActions(fleet),
      ...podActions(fleet, step, moment),
      ...outlived(daemonSet, past, held),
    ],
    reasons: step.reasons,
    failedOn,
    ...recheck(fleet, step),
  };
}

/** No more than one plan does: what is said or remembered of a pod is only of one that is made or deleted now. */
function stepOf(fleet: Fleet, untilReplaced: UntilReplaced): Step {
  const step = wholeStepOf(fleet, untilReplaced);
  return { ...step, create: step.create.slice(0, BURST), remove: step.remove.slice(0, BURST) };
}

/** What upkeep does, bears on what an update may do: that waits for the next plan. */
function wholeStepOf(fleet: Fleet, untilReplaced: UntilReplaced): Step {
  const upkeep = upkeepStep(fleet, untilReplaced);
  const isBusy = upkeep.create.length > 0 || upkeep.remove.length > 0;
  if (isBusy || fleet.daemonSet.spec.updateStrategy.type !== 'RollingUpdate') return upkeep;
  const { create, remove, reasons } = rollingStep(fleet);
  return { ...upkeep, create, remove, reasons: [...upkeep.reasons, ...reasons] };
}

function statusActions(fleet: Fleet): readonly Action[] {
  const { daemonSet } = fleet;
  const patch = statusPatch(daemonSet.status, countersOf(fleet));
  if (!patch) return [];
  return [{ do: 'patch-status', target: targetOf(kinds.daemonsets, daemonSet), patch, why: 'its status has changed' }];
}

function podActions({ daemonSet, hash }: Fleet, { create, remove }: Step, { nextId }: Moment): readonly Action[] {
  return [
    ...create.map((node) => createPod(daemonSet, hash, node, nextId())),
    ...remove.flatMap((removal) => announceEnd(daemonSet, removal)),
    ...remove.map((removal) => deletePod(daemonSet, removal)),
  ];
}

function createPod(daemonSet: DaemonSet, hash: string, node: string, id: string): Action {
  const object = podFor(daemonSet, hash, node, id);
  const event = eventAbout(daemonSet, 'Normal', 'SuccessfulCreate', `Created pod: ${object.metadata.name}`);
  return { do: 'create', kind: kinds.pods, object, event, why: `node ${node} has none` };
}

function deletePod(daemonSet: DaemonSet, { pod, why }: Removal): Action {
  const event = eventAbout(daemonSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  return { do: 'delete', target: targetOf(kinds.pods, pod), event, why };
}

function announceEnd(daemonSet: DaemonSet, { pod, node, ended }: Removal): readonly Action[] {
  if (!ended) return [];
  const found = `Found ${ended.toLowerCase()} daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`;
  const event =
    ended === 'Failed'
      ? eventAbout(daemonSet, 'Warning', 'FailedDaemonPod', `${found}, will try to kill it`)
      : eventAbout(daemonSet, 'Normal', 'SucceededDaemonPod', `${found}, will try to delete it`);
  return [{ do: 'record', event, why: event.message }];
}

function eventAbout(daemonSet: DaemonSet, type: EventSeed['type'], reason: string, message: string): EventSeed {
  return { about: referenceTo(kinds.daemonsets, daemonSet), type, reason, message };
}

/** When the next pod will have been ready for long enough, or a failed one may be replaced. */
function recheck({ daemonSet, date, sites }: Fleet, step: Step): { after?: number } {
  const { minReadySeconds = 0 } = daemonSet.spec;
  const waits = sites.flatMap(({ pods }) => pods.map((pod) => untilAvailable(pod, minReadySeconds, date) ?? 0));
  const pending = [...waits, step.after ?? 0].filter((wait) => wait > 0);
  return pending.length > 0 ? { after: Math.min(...pending) } : {};
}

/** Says in an event that pods could not be made or deleted; finds another name for a revision. */
export function reportFailure(
  daemonSet: DaemonSet,
  { action, error }: Failure,
  existing: ControllerRevision | undefined,
): readonly Action[] {
  if (action.do !== 'create' && action.do !== 'delete') return [];
  const isRevision = (action.do === 'create' ? action.kind : action.target.kind) === kinds.controllerrevisions;
  if (error.reason === 'AlreadyExists') return isRevision ? countCollision(ownerOf(daemonSet), existing) : [];
  if (isRevision) return [];
  const [reason, verb] = action.do === 'create' ? ['FailedCreate', 'creating'] : ['FailedDelete', 'deleting'];
  const event = eventAbout(daemonSet, 'Warning', reason, `Error ${verb}: ${error.message}`);
  return [{ do: 'record', event, why: 'pods could not be changed' }];
}
