/** What concerns a deployment: itself, its replica sets, and for Recreate and counters their pods. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { controllerOf } from '../owners.ts';
import { follow, ownerKey } from '../watching.ts';
import { planCollision, planDeployment, reportFailure } from './plan.ts';

export class DeploymentController implements Controller {
  readonly name = 'deployment';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const deployments = this.registry.resource(kinds.deployments).view;
    const replicaSets = this.registry.resource(kinds.replicasets).view;
    const pods = this.registry.resource(kinds.pods).view;
    return follow([
      [deployments, (deployment) => enqueue(keyOf(deployment)), 'existing'],
      [
        replicaSets,
        (set) => {
          const owner = ownerKey(set, 'Deployment');
          if (owner) enqueue(owner);
          if (controllerOf(set)) return;
          for (const deployment of deployments.byIndex('namespace', set.metadata.namespace ?? '')) {
            if (selectorFromObject(deployment.spec.selector).matches(set.metadata.labels)) enqueue(keyOf(deployment));
          }
        },
      ],
      [
        pods,
        (pod) => {
          const setKey = ownerKey(pod, 'ReplicaSet');
          const set = setKey ? replicaSets.get(setKey) : undefined;
          const owner = set && ownerKey(set, 'Deployment');
          // Pods matter by themselves only when they end; what else they do shows in their sets' status.
          if (owner && pod.metadata.deletionTimestamp) enqueue(owner);
        },
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const deployment = this.registry.resource(kinds.deployments).view.get(key);
    if (!deployment) return NOTHING;
    const { uid = '', namespace = '' } = deployment.metadata;
    const sets = this.registry.resource(kinds.replicasets).view;
    const pods = this.registry.resource(kinds.pods).view;
    const controlled = [...sets.byIndex('controller', uid)];
    const replicaSets = [...controlled, ...sets.byIndex('loose', namespace)];
    const theirs = controlled.flatMap((set) => [...pods.byIndex('controller', set.metadata.uid ?? '')]);
    return planDeployment({ deployment, replicaSets, pods: theirs }, moment);
  }

  planFailure(key: string, { action, error }: Failure, moment: Moment): readonly Action[] {
    const deployment = this.registry.resource(kinds.deployments).view.get(key);
    if (!deployment || action.do !== 'create') return [];
    const { namespace, name = '' } = action.object.metadata;
    if (error.reason !== 'AlreadyExists') return reportFailure(deployment, name, error.message, moment);
    return planCollision(deployment, this.registry.resource(kinds.replicasets).view.get(objectKey(namespace, name)));
  }
}
