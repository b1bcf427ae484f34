/** What concerns a replica set or a replication controller: itself, the pods it controls, and free pods that it selects. */
import { kinds, type Kind } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { keyOf, type KubeObject } from '../../../api/object.ts';
import type { ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Pod, PodTemplateSpec, ReplicationController } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { controllerOf } from '../owners.ts';
import { follow, ownerKey } from '../watching.ts';
import { planReplicaSet, reportFailure, type Keeper } from './plan.ts';

/** There is always one in what was validated. */
const NO_TEMPLATE: PodTemplateSpec = { metadata: {}, spec: { containers: [] } };

/** One of the two kinds that keep replicas, and how to see one of its objects as a replica set. */
interface KeeperKind<T extends KubeObject> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly asReplicaSet: (object: T) => ReplicaSet;
}

abstract class ReplicasController<T extends KubeObject> implements Controller {
  readonly name: string;
  private readonly registry: Registry;
  private readonly keepers: KeeperKind<T>;

  protected constructor(registry: Registry, keepers: KeeperKind<T>) {
    this.name = keepers.name;
    this.registry = registry;
    this.keepers = keepers;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { kind, asReplicaSet } = this.keepers;
    const keepers = this.registry.resource(kind).view;
    const pods = this.registry.resource(kinds.pods).view;
    return follow<T, Pod>([
      [keepers, (keeper) => enqueue(keyOf(keeper)), 'existing'],
      [
        pods,
        (pod) => {
          const owner = ownerKey(pod, kind.kind);
          if (owner) enqueue(owner);
          if (controllerOf(pod)) return;
          for (const keeper of keepers.byIndex('namespace', pod.metadata.namespace ?? '')) {
            const { selector } = asReplicaSet(keeper).spec;
            if (selectorFromObject(selector).matches(pod.metadata.labels)) enqueue(keyOf(keeper));
          }
        },
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const keeper = this.keeper(key);
    if (!keeper) return NOTHING;
    const { replicaSet } = keeper;
    const { uid = '', namespace = '' } = replicaSet.metadata;
    const pods = this.registry.resource(kinds.pods).view;
    const own = [...pods.byIndex('controller', uid)];
    const surplus = own.length > (replicaSet.spec.replicas ?? 1);
    return planReplicaSet(
      {
        ...keeper,
        pods: [...own, ...pods.byIndex('loose', namespace)],
        // Only choosing victims asks for the sisters' pods.
        related: surplus ? this.related(controllerOf(replicaSet)?.uid, own) : own,
      },
      moment,
    );
  }

  planFailure(key: string, failure: Failure, moment: Moment): readonly Action[] {
    const keeper = this.keeper(key);
    return keeper ? reportFailure(keeper, failure, moment) : [];
  }

  private keeper(key: string): Keeper | undefined {
    const { kind, asReplicaSet } = this.keepers;
    const object = this.registry.resource(kind).view.get(key);
    return object && { kind, replicaSet: asReplicaSet(object) };
  }

  private related(owner: string | undefined, own: readonly Pod[]): readonly Pod[] {
    if (!owner) return own;
    const pods = this.registry.resource(kinds.pods).view;
    const sisters = [...this.registry.resource(this.keepers.kind).view.byIndex('controller', owner)];
    return sisters.flatMap((keeper) => [...pods.byIndex('controller', keeper.metadata.uid ?? '')]);
  }
}

export class ReplicaSetController extends ReplicasController<ReplicaSet> {
  constructor({ registry }: { registry: Registry }) {
    super(registry, { name: 'replicaset', kind: kinds.replicasets, asReplicaSet: (set) => set });
  }
}

/** The elder of replica sets: only its selector has another form. */
export class ReplicationControllerController extends ReplicasController<ReplicationController> {
  constructor({ registry }: { registry: Registry }) {
    super(registry, { name: 'replication', kind: kinds.replicationcontrollers, asReplicaSet: withSelector });
  }
}

function withSelector({ spec, ...rest }: ReplicationController): ReplicaSet {
  const { selector = {}, template = NO_TEMPLATE } = spec;
  return { ...rest, spec: { ...spec, template, selector: { matchLabels: selector } } };
}
