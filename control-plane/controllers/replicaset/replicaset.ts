/** What concerns a replica set: itself, the pods it controls, and free pods that it selects. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { keyOf } from '../../../api/object.ts';
import type { Pod } from '../../../api/schema/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { controllerOf } from '../owners.ts';
import { follow, ownerKey } from '../watching.ts';
import { planReplicaSet, reportFailure } from './plan.ts';

export class ReplicaSetController implements Controller {
  readonly name = 'replicaset';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const replicaSets = this.registry.resource(kinds.replicasets).view;
    const pods = this.registry.resource(kinds.pods).view;
    return follow([
      [replicaSets, (set) => enqueue(keyOf(set)), 'existing'],
      [
        pods,
        (pod) => {
          const owner = ownerKey(pod, 'ReplicaSet');
          if (owner) enqueue(owner);
          if (controllerOf(pod)) return;
          for (const set of replicaSets.byIndex('namespace', pod.metadata.namespace ?? '')) {
            if (selectorFromObject(set.spec.selector).matches(pod.metadata.labels)) enqueue(keyOf(set));
          }
        },
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const replicaSet = this.registry.resource(kinds.replicasets).view.get(key);
    if (!replicaSet) return NOTHING;
    const { uid = '', namespace = '' } = replicaSet.metadata;
    const pods = this.registry.resource(kinds.pods).view;
    const own = [...pods.byIndex('controller', uid)];
    const surplus = own.length > (replicaSet.spec.replicas ?? 1);
    return planReplicaSet(
      {
        replicaSet,
        pods: [...own, ...pods.byIndex('loose', namespace)],
        // Only choosing victims asks for the sisters' pods.
        related: surplus ? this.related(controllerOf(replicaSet)?.uid, own) : own,
      },
      moment,
    );
  }

  planFailure(key: string, failure: Failure, moment: Moment): readonly Action[] {
    const replicaSet = this.registry.resource(kinds.replicasets).view.get(key);
    return replicaSet ? reportFailure(replicaSet, failure, moment) : [];
  }

  private related(owner: string | undefined, own: readonly Pod[]): readonly Pod[] {
    if (!owner) return own;
    const pods = this.registry.resource(kinds.pods).view;
    const sisters = [...this.registry.resource(kinds.replicasets).view.byIndex('controller', owner)];
    return sisters.flatMap((set) => [...pods.byIndex('controller', set.metadata.uid ?? '')]);
  }
}
