/** What preemption asks about pods on nodes, from the views: the snapshot knows them as they were placed. */
import type { Evictions } from './evictions.ts';
import type { PodInfo } from './pod-info.ts';
import type { PodFacts, Protection } from './victims.ts';
import { type Selector, selectorFromObject } from '../../api/machinery/selectors.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import type { View } from '../../lib/view.ts';

interface Budget {
  readonly selector: Selector;
  readonly disrupted: Readonly<Record<string, string>>;
  readonly allowed: number;
}

export class ViewedPods implements PodFacts {
  private readonly pods: View<Pod>;
  private readonly budgets: View<PodDisruptionBudget>;
  private readonly evictions: Pick<Evictions, 'has'>;

  constructor(options: { pods: View<Pod>; budgets: View<PodDisruptionBudget>; evictions: Pick<Evictions, 'has'> }) {
    this.pods = options.pods;
    this.budgets = options.budgets;
    this.evictions = options.evictions;
  }

  isLeaving(info: PodInfo): boolean {
    return this.evictions.has(info.uid) || this.now(info).metadata.deletionTimestamp !== undefined;
  }

  startOf(info: PodInfo): number {
    const { startTime } = this.now(info).status;
    return startTime ? Date.parse(startTime) : Infinity;
  }

  protection(): Protection {
    const byNamespace = new Map<string, Budget[]>();
    for (const { metadata, spec, status } of this.budgets.list()) {
      const { namespace = '' } = metadata;
      const budget = {
        selector: selectorFromObject(spec.selector),
        disrupted: status?.disruptedPods ?? {},
        allowed: status?.disruptionsAllowed ?? 0,
      };
      byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), budget]);
    }
    return (pods) => this.protectedAmong(pods, byNamespace);
  }

  private protectedAmong(
    pods: readonly PodInfo[],
    byNamespace: ReadonlyMap<string, readonly Budget[]>,
  ): ReadonlySet<PodInfo> {
    const found = new Set<PodInfo>();
    const taken = new Map<Budget, number>();
    for (const info of pods) {
      const { labels = {}, name = '' } = this.now(info).metadata;
      for (const budget of byNamespace.get(info.namespace) ?? []) {
        // What has been told to go already is counted in what is allowed.
        if (!budget.selector.matches(labels) || Object.hasOwn(budget.disrupted, name)) continue;
        const count = (taken.get(budget) ?? 0) + 1;
        taken.set(budget, count);
        if (count > budget.allowed) found.add(info);
      }
    }
    return found;
  }

  private now(info: PodInfo): Pod {
    const pod = this.pods.get(info.key);
    return pod?.metadata.uid === info.uid ? pod : info.pod;
  }
}
