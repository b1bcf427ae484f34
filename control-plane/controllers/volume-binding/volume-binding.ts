/** What concerns claims and volumes: each other, the classes, and the nodes on which volumes are made. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import { defaultStorageClass, isDefaultStorageClass } from '../../../api/machinery/default-classes.ts';
import { LOCAL_DRIVER, HOSTNAME_LABEL } from '../../../api/machinery/local-volumes.ts';
import {
  SELECTED_NODE,
  claimKeyOf,
  classOfClaim,
  classOfVolume,
  waitsForConsumer,
} from '../../../api/machinery/persistent-volumes.ts';
import { type KubeObject, keyOf, objectKey } from '../../../api/object.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';
import type { Change, View } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import { isReady } from '../conditions.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';
import { planClaim } from './claim-plan.ts';
import { planVolume } from './volume-plan.ts';

/** Keys of claims have a slash, names of volumes have none. */
export class VolumeBinding implements Controller {
  readonly name = 'volume-binding';
  readonly component = 'persistentvolume-controller';
  private readonly claims: View<PersistentVolumeClaim>;
  private readonly volumes: View<PersistentVolume>;
  private readonly classes: View<StorageClass>;
  private readonly nodes: View<Node>;
  /** What users were last told of a claim or a volume that is as it was: once is enough. */
  private readonly told = new Map<string, string>();

  constructor({ registry }: { readonly registry: Registry }) {
    const viewOf = <T extends KubeObject>(kind: Kind<T>): View<T> => registry.resource(kind).view;
    this.claims = viewOf(kinds.persistentvolumeclaims);
    this.volumes = viewOf(kinds.persistentvolumes);
    this.classes = viewOf(kinds.storageclasses);
    this.nodes = viewOf(kinds.nodes);
  }

  watch(enqueue: (key: string) => void): () => void {
    const ends = [
      this.claims.subscribe(({ key, object, previous }) => {
        enqueue(key);
        for (const { spec } of [object, previous ?? object]) if (spec.volumeName) enqueue(spec.volumeName);
        for (const { metadata } of this.volumes.byIndex('claim', key)) enqueue(metadata.name ?? '');
      }),
      this.volumes.subscribe((change) => this.volumeChanged(change, enqueue)),
      this.classes.subscribe(({ object }) => {
        this.enqueuePending(object.metadata.name ?? '', enqueue);
        if (isDefaultStorageClass(object)) this.enqueuePending('', enqueue);
      }),
      this.nodes.subscribe((change) => this.nodeChanged(change, enqueue)),
    ];
    for (const claim of this.claims.list()) enqueue(keyOf(claim));
    for (const { metadata } of this.volumes.list()) enqueue(metadata.name ?? '');
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    return this.once(key, key.includes('/') ? this.planClaim(key) : this.planVolume(key));
  }

  private volumeChanged({ key, object, previous }: Change<PersistentVolume>, enqueue: (key: string) => void): void {
    enqueue(key);
    for (const claim of new Set([claimKeyOf(object), previous && claimKeyOf(previous)])) if (claim) enqueue(claim);
    for (const claim of this.claims.byIndex('volume', key)) enqueue(keyOf(claim));
    if (!object.spec.claimRef && object.status.phase === 'Available') {
      this.enqueuePending(classOfVolume(object), enqueue);
    }
  }

  private nodeChanged({ type, object, previous }: Change<Node>, enqueue: (key: string) => void): void {
    const { name, labels } = object.metadata;
    if (type === 'deleted') {
      for (const volume of this.volumes.byIndex('removal', labels?.[HOSTNAME_LABEL] ?? name ?? '')) {
        enqueue(volume.metadata.name ?? '');
      }
    } else if (canTake(object) && !(previous && canTake(previous))) {
      for (const storageClass of this.classes.list()) {
        const isImmediate = storageClass.provisioner === LOCAL_DRIVER && !waitsForConsumer(storageClass);
        if (isImmediate) this.enqueuePending(storageClass.metadata.name ?? '', enqueue);
      }
    }
  }

  private enqueuePending(storageClass: string, enqueue: (key: string) => void): void {
    for (const claim of this.claims.byIndex('pending', storageClass)) enqueue(keyOf(claim));
  }

  private planClaim(key: string): Plan {
    const claim = this.claims.get(key);
    if (!claim) return NOTHING;
    const className = classOfClaim(claim) ?? '';
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    return planClaim({
      claim,
      volume: this.volumes.get(claim.spec.volumeName ?? ''),
      candidates: [...this.volumes.byIndex('claim', key), ...this.volumes.byIndex('free', className)],
      storageClass: this.classes.get(className),
      defaultClass: defaultStorageClass(this.classes.list()),
      selected: selected === undefined ? undefined : this.nodes.get(selected),
      nodes: () => this.roomiest(),
    });
  }

  private planVolume(name: string): Plan {
    const volume = this.volumes.get(name);
    if (!volume) return NOTHING;
    const { claimRef } = volume.spec;
    return planVolume({
      volume,
      claim: claimRef && this.claims.get(objectKey(claimRef.namespace, claimRef.name ?? '')),
      isNode: (hostname) => {
        for (const _ of this.nodes.byIndex('hostname', hostname)) return true;
        return false;
      },
    });
  }

  /** Nodes that take pods, those with the fewest volumes first. */
  private roomiest(): readonly Node[] {
    const counted = [...this.nodes.list()].filter(canTake).map((node) => {
      const hostname = node.metadata.labels?.[HOSTNAME_LABEL] ?? '';
      return { node, volumes: [...this.volumes.byIndex('hostname', hostname)].length };
    });
    const name = ({ metadata }: Node): string => metadata.name ?? '';
    counted.sort((a, b) => a.volumes - b.volumes || (name(a.node) < name(b.node) ? -1 : 1));
    return counted.map(({ node }) => node);
  }

  private once(key: string, plan: Plan): Plan {
    const news = plan.actions.find((action) => action.do === 'record');
    if (!news) {
      this.told.delete(key);
      return plan;
    }
    const { reason, message } = news.event;
    if (this.told.get(key) === `${reason} ${message}`) {
      return { ...plan, actions: plan.actions.filter((action) => action !== news) };
    }
    this.told.set(key, `${reason} ${message}`);
    return plan;
  }
}

function canTake(node: Node): boolean {
  if (node.metadata.deletionTimestamp !== undefined || node.spec.unschedulable || !isReady(node)) return false;
  return !node.spec.taints?.some(({ effect }) => effect !== 'PreferNoSchedule');
}
