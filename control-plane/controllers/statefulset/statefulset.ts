/** What concerns a stateful set: itself, its revisions, its pods, free ones that it could adopt, and its pods' claims. */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { keyOf, objectKey, type KubeObject } from '../../../api/object.ts';
import type { StatefulSet } from '../../../api/types/apps.v1.ts';
import type { PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { countCollision } from '../history/history.ts';
import { controllerOf } from '../owners.ts';
import { follow, ownerKey } from '../watching.ts';
import { ownerOf, planStatefulSet, reportFailure } from './plan.ts';

export class StatefulSetController implements Controller {
  readonly name = 'statefulset';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this;
    const sets = registry.resource(kinds.statefulsets).view;
    const inNamespaceOf = ({ metadata }: KubeObject): Iterable<StatefulSet> =>
      sets.byIndex('namespace', metadata.namespace ?? '');
    const ownOrFree = (object: KubeObject): void => {
      const owner = ownerKey(object, kinds.statefulsets.kind);
      if (owner) enqueue(owner);
      if (controllerOf(object)) return;
      for (const set of inNamespaceOf(object)) {
        if (selectorFromObject(set.spec.selector).matches(object.metadata.labels)) enqueue(keyOf(set));
      }
    };
    return follow<KubeObject>([
      [sets, (set) => enqueue(keyOf(set)), 'existing'],
      [registry.resource(kinds.pods).view, ownOrFree],
      [registry.resource(kinds.controllerrevisions).view, ownOrFree],
      [
        registry.resource(kinds.persistentvolumeclaims).view,
        (claim) => {
          for (const set of inNamespaceOf(claim)) if (mayClaim(set, claim)) enqueue(keyOf(set));
        },
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const { registry } = this;
    const statefulSet = registry.resource(kinds.statefulsets).view.get(key);
    if (!statefulSet) return NOTHING;
    const { uid = '', namespace = '' } = statefulSet.metadata;
    const pods = registry.resource(kinds.pods).view;
    const revisions = registry.resource(kinds.controllerrevisions).view;
    const claims = registry.resource(kinds.persistentvolumeclaims).view;
    return planStatefulSet(
      {
        statefulSet,
        revisions: [...revisions.byIndex('controller', uid), ...revisions.byIndex('loose', namespace)],
        pods: [...pods.byIndex('controller', uid), ...pods.byIndex('loose', namespace)],
        lookUp: (name) => claims.get(objectKey(namespace, name)),
      },
      moment,
    );
  }

  planFailure(key: string, failure: Failure): readonly Action[] {
    const { registry } = this;
    const statefulSet = registry.resource(kinds.statefulsets).view.get(key);
    const { action, error } = failure;
    if (!statefulSet) return [];
    const name = action.do === 'create' ? keyOf(action.object) : '';
    if (action.do === 'create' && action.kind === kinds.controllerrevisions) {
      if (error.reason !== 'AlreadyExists') return [];
      return countCollision(ownerOf(statefulSet), registry.resource(kinds.controllerrevisions).view.get(name));
    }
    return reportFailure(statefulSet, failure, registry.resource(kinds.pods).view.get(name));
  }
}

/** Whether a claim has the name that one of the set's would have. */
function mayClaim({ metadata, spec }: StatefulSet, claim: Pick<PersistentVolumeClaim, 'metadata'>): boolean {
  const name = claim.metadata.name ?? '';
  return (spec.volumeClaimTemplates ?? []).some((template) =>
    name.startsWith(`${template.metadata.name}-${metadata.name}-`),
  );
}
