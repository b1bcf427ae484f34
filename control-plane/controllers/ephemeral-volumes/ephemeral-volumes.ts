/** What concerns ephemeral volumes: their pods, and the claims that bear the pods' names. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';
import { follow } from '../watching.ts';
import { hasEphemeral, planEphemeral } from './plan.ts';

export class EphemeralVolumes implements Controller {
  readonly name = 'ephemeral-volumes';
  readonly component = 'ephemeral_volume';
  private readonly registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const seePod = (pod: Pod): void => {
      if (hasEphemeral(pod)) enqueue(keyOf(pod));
    };
    const pods = this.registry.resource(kinds.pods).view;
    const seeClaim = (claim: PersistentVolumeClaim): void => {
      for (const pod of pods.byIndex('claim', keyOf(claim))) seePod(pod);
    };
    return follow<Pod, PersistentVolumeClaim>([
      [pods, seePod, 'existing'],
      [this.registry.resource(kinds.persistentvolumeclaims).view, seeClaim],
    ]);
  }

  plan(key: string): Plan {
    const pod = this.registry.resource(kinds.pods).view.get(key);
    if (!pod || !hasEphemeral(pod)) return NOTHING;
    const claims = this.registry.resource(kinds.persistentvolumeclaims).view;
    return planEphemeral(pod, (name) => claims.get(objectKey(pod.metadata.namespace, name)));
  }
}
