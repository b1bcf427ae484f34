/** What concerns a disruption budget: itself, the pods that it selects, and how many of them their controllers are asked for. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { keyOf, type KubeObject, objectKey } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../../api/types/policy.v1.ts';
import type { View } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, type Moment, NOTHING, type Plan } from '../controller.ts';
import { controllerOf } from '../owners.ts';
import { follow } from '../watching.ts';
import { planBudget } from './plan.ts';

type Scaled = KubeObject & { spec: { replicas?: number } };

export class DisruptionController implements Controller {
  readonly name = 'disruption';
  private readonly registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const budgets = this.registry.resource(kinds.poddisruptionbudgets).view;
    const ofNamespace = ({ metadata }: KubeObject): void => {
      for (const budget of budgets.byIndex('namespace', metadata.namespace ?? '')) enqueue(keyOf(budget));
    };
    const ends = [
      follow<KubeObject>([
        [budgets as unknown as View<KubeObject>, (budget) => enqueue(keyOf(budget)), 'existing'],
        [this.registry.resource(kinds.pods).view as unknown as View<KubeObject>, (pod) => this.ofPod(pod, enqueue)],
      ]),
      ...this.scaled().map((view) =>
        view.subscribe(({ object, previous }) => {
          if (object.spec.replicas !== previous?.spec.replicas) ofNamespace(object);
        }),
      ),
    ];
    return () => ends.forEach((end) => end());
  }

  plan(key: string, moment: Moment): Plan {
    const budget = this.registry.resource(kinds.poddisruptionbudgets).view.get(key);
    if (!budget || budget.metadata.deletionTimestamp) return NOTHING;
    const matches = selectorFromObject(budget.spec.selector).matches;
    const inNamespace = this.registry.resource(kinds.pods).view.byIndex('namespace', budget.metadata.namespace ?? '');
    const pods = [...inNamespace].filter(({ metadata }) => matches(metadata.labels));
    return planBudget({ budget, pods, scales: this.scalesOf(pods) }, moment);
  }

  private ofPod(pod: KubeObject, enqueue: (key: string) => void): void {
    const budgets = this.registry.resource(kinds.poddisruptionbudgets).view;
    for (const budget of budgets.byIndex('namespace', pod.metadata.namespace ?? '')) {
      if (concerns(budget, pod)) enqueue(keyOf(budget));
    }
  }

  /** By the controller's uid; by the pod's name for those without one. */
  private scalesOf(pods: readonly Pod[]): Map<string, number | undefined> {
    const scales = new Map<string, number | undefined>();
    for (const pod of pods) {
      const owner = this.scaledOwner(pod);
      if (owner) scales.set(owner.metadata.uid ?? '', owner.spec.replicas ?? 1);
      else scales.set(pod.metadata.name ?? '', undefined);
    }
    return scales;
  }

  /** A replica set's own controller knows better how many there shall be: during a rollout there are two sets. */
  private scaledOwner(object: KubeObject): Scaled | undefined {
    const reference = controllerOf(object);
    if (!reference) return undefined;
    for (const view of this.scaled()) {
      const owner = view.get(objectKey(object.metadata.namespace ?? '', reference.name));
      if (owner?.metadata.uid === reference.uid) return this.scaledOwner(owner) ?? owner;
    }
    return undefined;
  }

  private scaled(): View<Scaled>[] {
    const { deployments, replicasets, statefulsets, replicationcontrollers } = kinds;
    const all = [replicasets, deployments, statefulsets, replicationcontrollers];
    return all.map((kind) => this.registry.resource<KubeObject>(kind).view as unknown as View<Scaled>);
  }
}

function concerns({ spec }: PodDisruptionBudget, { metadata }: KubeObject): boolean {
  return selectorFromObject(spec.selector).matches(metadata.labels);
}
