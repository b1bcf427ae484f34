/** Keeps what quotas say of their use in line with what there is. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { keyOf, type KubeObject } from '../../../api/object.ts';
import type { Pod, ResourceQuota } from '../../../api/types/core.v1.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Change } from '../../../lib/view.ts';
import { amountsOf, increase } from '../../quota/amounts.ts';
import { isCounted } from '../../quota/usage.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';
import { isConcerned, planQuota } from './plan.ts';

/**
 * Admission charges an object just before it is written. For this long after a charge nothing is reckoned anew, or what is
 * on its way would be given away twice; but in a namespace that never rests it is done all the same after a while.
 */
const SETTLE_MILLISECONDS = 1000;
const MAX_POSTPONED_MILLISECONDS = 10_000;
/** What was charged for objects that were not made after all comes back by then. */
const RESYNC_MILLISECONDS = 5 * 60_000;

interface Charged {
  /** When the status last said more than before, and since when reckoning is put off for that; in milliseconds since 1970. */
  last: number;
  since: number;
}

export class ResourceQuotaController implements Controller {
  readonly name = 'resource-quota';
  private readonly registry: Registry;
  private readonly clock: Clock;
  private readonly charged = new Map<string, Charged>();

  constructor({ registry, clock }: { readonly registry: Registry; readonly clock: Clock }) {
    this.registry = registry;
    this.clock = clock;
  }

  watch(enqueue: (key: string) => void): () => void {
    const quotas = this.registry.resource(kinds.resourcequotas).view;
    const endQuotas = quotas.subscribe((change) => {
      if (this.isCharge(change) || isOtherwise(change)) enqueue(change.key);
    });
    for (const quota of quotas.list()) enqueue(keyOf(quota));
    const endObjects = this.registry.followKinds((kind) => {
      if (!isCounted(kind)) return () => {};
      return this.registry.resource(kind).view.subscribe((change) => {
        if (!mayFree(kind, change)) return;
        for (const quota of quotas.byIndex('namespace', change.object.metadata.namespace ?? '')) {
          if (isConcerned(quota, kind)) enqueue(keyOf(quota));
        }
      });
    });
    return () => {
      endQuotas();
      endObjects();
    };
  }

  plan(key: string): Plan {
    const quota = this.registry.resource(kinds.resourcequotas).view.get(key);
    if (!quota) {
      this.charged.delete(key);
      return NOTHING;
    }
    const now = this.clock.date().getTime();
    const wait = this.untilSettled(key, now);
    if (wait > 0) return { ...NOTHING, after: wait };
    const objects = new Map<Kind, Iterable<KubeObject>>();
    for (const kind of this.registry.kinds()) {
      if (!isCounted(kind) || !isConcerned(quota, kind)) continue;
      objects.set(kind, this.registry.resource(kind).view.byIndex('namespace', quota.metadata.namespace ?? ''));
    }
    return { ...planQuota({ quota, objects, now }), after: RESYNC_MILLISECONDS };
  }

  /** Whether admission has just charged the quota; remembers when. */
  private isCharge({ type, key, object, previous }: Change<ResourceQuota>): boolean {
    if (type !== 'updated' || !previous || !sameJson(object.status.hard, previous.status.hard)) return false;
    if (increase(amountsOf(object.status.used), amountsOf(previous.status.used)).size === 0) return false;
    const last = this.clock.date().getTime();
    const since = this.charged.get(key)?.since ?? last;
    this.charged.set(key, { last, since });
    return true;
  }

  private untilSettled(key: string, now: number): number {
    const charged = this.charged.get(key);
    if (!charged) return 0;
    const until = Math.min(charged.last + SETTLE_MILLISECONDS, charged.since + MAX_POSTPONED_MILLISECONDS);
    if (until > now) return until - now;
    this.charged.delete(key);
    return 0;
  }
}

/** Whether the quota is new, gone, or about something else than before. What others write into its status may stay a while. */
function isOtherwise({ type, object, previous }: Change<ResourceQuota>): boolean {
  return type !== 'updated' || !sameJson(object.spec, previous?.spec);
}

/** Whether the change may leave less in use than before. */
function mayFree(kind: Kind, { type, object, previous }: Change<KubeObject>): boolean {
  if (type !== 'updated') return type === 'deleted';
  if (kind.group !== '') return false;
  if (kind.kind === 'Pod') {
    const phase = (pod: KubeObject | undefined): string | undefined =>
      (pod as unknown as Pod | undefined)?.status.phase;
    return (
      phase(object) !== phase(previous) || object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp
    );
  }
  return kind.kind === 'Service' || kind.kind === 'PersistentVolumeClaim';
}
