/** What concerns a daemon set: itself, its pods and revisions, those that it could adopt, and the nodes. */
import { kinds } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { keyOf, objectKey, type KubeObject } from '../../../api/object.ts';
import type { ControllerRevision, DaemonSet } from '../../../api/types/apps.v1.ts';
import type { Node } from '../../../api/types/core.v1.ts';
import type { Change } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { controllerOf } from '../owners.ts';
import { follow, ownerKey } from '../watching.ts';
import { Failures } from './failures.ts';
import { NOWHERE, placementOf } from './placement.ts';
import { planDaemonSet, reportFailure } from './plan.ts';

export class DaemonSetController implements Controller {
  readonly name = 'daemonset';
  private readonly registry: Registry;
  private readonly failures = new Failures();

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this;
    const daemonSets = registry.resource(kinds.daemonsets).view;
    const ends = [
      follow([
        [daemonSets, (daemonSet) => enqueue(keyOf(daemonSet)), 'existing'],
        [registry.resource(kinds.pods).view, (pod) => this.enqueueOwners(pod, enqueue)],
      ]),
      registry.resource(kinds.controllerrevisions).view.subscribe((change) => this.seeRevision(change, enqueue)),
      registry.resource(kinds.nodes).view.subscribe((change) => this.seeNode(change, enqueue)),
    ];
    return () => ends.forEach((end) => end());
  }

  plan(key: string, moment: Moment): Plan {
    const { registry, failures } = this;
    const daemonSet = registry.resource(kinds.daemonsets).view.get(key);
    if (!daemonSet) return NOTHING;
    const { uid = '', namespace = '' } = daemonSet.metadata;
    const own = <T extends KubeObject>(view: { byIndex(index: string, value: string): Iterable<T> }): T[] => [
      ...view.byIndex('controller', uid),
      ...view.byIndex('loose', namespace),
    ];
    // Another generation is another chance.
    const failureKey = (node: string): string => `${uid}/${daemonSet.status?.observedGeneration ?? 0}/${node}`;
    const plan = planDaemonSet(
      {
        daemonSet,
        nodes: registry.resource(kinds.nodes).view.list(),
        pods: own(registry.resource(kinds.pods).view),
        revisions: own(registry.resource(kinds.controllerrevisions).view),
        untilReplaced: (node) => failures.untilReplaced(failureKey(node), moment.now),
      },
      moment,
    );
    for (const node of plan.failedOn) failures.note(failureKey(node), moment.now);
    return plan;
  }

  planFailure(key: string, failure: Failure): readonly Action[] {
    const daemonSet = this.registry.resource(kinds.daemonsets).view.get(key);
    if (!daemonSet) return [];
    const { action } = failure;
    const { namespace, name = '' } = action.do === 'create' ? action.object.metadata : {};
    const revisions = this.registry.resource(kinds.controllerrevisions).view;
    return reportFailure(daemonSet, failure, revisions.get(objectKey(namespace, name)));
  }

  /** Its controller, or every daemon set that could adopt it. */
  private enqueueOwners(object: KubeObject, enqueue: (key: string) => void): void {
    const owner = ownerKey(object, kinds.daemonsets.kind);
    if (owner) enqueue(owner);
    if (controllerOf(object)) return;
    const daemonSets = this.registry.resource(kinds.daemonsets).view;
    for (const daemonSet of daemonSets.byIndex('namespace', object.metadata.namespace ?? '')) {
      if (selectorFromObject(daemonSet.spec.selector).matches(object.metadata.labels)) enqueue(keyOf(daemonSet));
    }
  }

  /** A further revision that somebody makes of the same template stays until there is something else to do. */
  private seeRevision({ type, object, previous }: Change<ControllerRevision>, enqueue: (key: string) => void): void {
    if (type === 'added' && controllerOf(object)) return;
    if (previous && type === 'updated') this.enqueueOwners(previous, enqueue);
    this.enqueueOwners(object, enqueue);
  }

  /** Heartbeats and the like move no pods. */
  private seeNode({ type, object, previous }: Change<Node>, enqueue: (key: string) => void): void {
    const before = type === 'deleted' ? object : previous;
    const after = type === 'deleted' ? undefined : object;
    if (before && after && isSamePlace(before, after)) return;
    for (const daemonSet of this.registry.resource(kinds.daemonsets).view.list()) {
      if (matters(daemonSet, before, after)) enqueue(keyOf(daemonSet));
    }
  }
}

function isSamePlace(a: Node, b: Node): boolean {
  return sameJson(a.metadata.labels, b.metadata.labels) && sameJson(a.spec.taints, b.spec.taints);
}

function matters({ spec }: DaemonSet, before: Node | undefined, after: Node | undefined): boolean {
  const placement = placementOf(spec.template.spec);
  const [was, is] = [before, after].map((node) => (node ? placement(node) : NOWHERE));
  return was?.isWanted !== is?.isWanted || was?.mayStay !== is?.mayStay;
}
