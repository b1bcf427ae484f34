/** Measures the pods of every autoscaler's target at intervals, and decides on what was measured. */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { kinds, type Kind } from '../../../api/kinds.ts';
import { isStatusError } from '../../../api/errors.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { HorizontalPodAutoscaler } from '../../../api/types/autoscaling.v2.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { NodeUsage } from '../../../api/streams.ts';
import type { Clock, Timer } from '../../../lib/clock.ts';
import type { Registry } from '../../registry/port.ts';
import { scaleOf, type Scalable } from '../../registry/scale.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { periodOf, windowOf, type Dated } from './limits.ts';
import { planAutoscaler, reportFailure, type AutoscalerSnapshot, type Target } from './plan.ts';
import { Selections, type Selection } from './selections.ts';
import { usagesOf, type Usages } from './usage.ts';

/** As Kubernetes' `--horizontal-pod-autoscaler-sync-period`. */
const SYNC_MILLISECONDS = 15_000;

/** What nodes and their pods use now, by node; without nodes that can't be asked. Never rejects. */
export type NodeUsageSource = (nodeNames: readonly string[]) => Promise<ReadonlyMap<string, NodeUsage>>;

export interface PodAutoscalingOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly usageOf: NodeUsageSource;
}

interface Past {
  recommendations: Dated[];
  added: Dated[];
  removed: Dated[];
  /** The change that the last plan makes, which is one of these unless it is refused. */
  last?: Dated;
}

export class PodAutoscaling implements Controller {
  readonly name = 'horizontal-pod-autoscaler';
  readonly component = 'horizontal-pod-autoscaler';
  private readonly options: PodAutoscalingOptions;
  /** Measured and not yet decided on. */
  private readonly measured = new Map<string, Usages>();
  private readonly measuring = new Set<string>();
  private readonly pasts = new Map<string, Past>();
  private readonly selections = new Selections();

  constructor(options: PodAutoscalingOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { clock } = this.options;
    const { view } = this.options.registry.resource(kinds.horizontalpodautoscalers);
    let timer: Timer | undefined;
    let isEnded = false;
    const measure = (key: string): void => {
      void this.measure(key).then(() => {
        if (!isEnded && this.measured.has(key)) enqueue(key);
      });
    };
    const round = async (): Promise<void> => {
      const autoscalers = [...view.list()];
      // All are known before one is decided on, which may have rivals among them.
      for (const autoscaler of autoscalers) this.select(autoscaler);
      for (const autoscaler of autoscalers) {
        if (isEnded) return;
        measure(keyOf(autoscaler));
        // Whatever else the server does goes on between two targets, however many there are.
        await nextTurn();
      }
      if (!isEnded) timer = clock.after(SYNC_MILLISECONDS, () => void round());
    };
    const end = view.subscribe(({ type, key, object, previous }) => {
      if (type === 'deleted') this.forget(key);
      else if (!previous || !sameJson(previous.spec, object.spec)) measure(key);
    });
    void round();
    return () => {
      isEnded = true;
      end();
      timer?.cancel();
    };
  }

  plan(key: string, moment: Moment): Plan {
    const { registry } = this.options;
    const autoscaler = registry.resource(kinds.horizontalpodautoscalers).view.get(key);
    const usages = this.measured.get(key);
    this.measured.delete(key);
    // Each measurement is decided on once.
    if (!autoscaler || !usages) return NOTHING;
    const target = this.targetOf(autoscaler);
    const past = this.pastOf(key, autoscaler, 'why' in target ? undefined : target, moment);
    const plan = planAutoscaler({ ...this.surroundings(autoscaler, target), usages, memory: past }, moment);
    const at = moment.date.getTime();
    if (plan.recommendation !== undefined) past.recommendations.push({ at, replicas: plan.recommendation });
    if (plan.change && autoscaler.spec.behavior) note(past, plan.change.to - plan.change.from, at);
    return plan;
  }

  planFailure(key: string, failure: Failure, moment: Moment): readonly Action[] {
    const autoscaler = this.options.registry.resource(kinds.horizontalpodautoscalers).view.get(key);
    if (!autoscaler) return [];
    if (failure.action.do === 'set-scale') this.unnote(key);
    return reportFailure(autoscaler, failure, moment);
  }

  private forget(key: string): void {
    this.measured.delete(key);
    this.pasts.delete(key);
    this.selections.forget(key);
  }

  /** Only what still bears on decisions is kept. */
  private pastOf(key: string, autoscaler: HorizontalPodAutoscaler, target: Target | undefined, { date }: Moment): Past {
    const now = date.getTime();
    const first = target && { at: now, replicas: target.scale.spec?.replicas ?? 0 };
    const { recommendations, added, removed } = this.pasts.get(key) ?? {
      recommendations: first ? [first] : [],
      added: [],
      removed: [],
    };
    const since = (milliseconds: number) => (each: Dated) => each.at > now - milliseconds;
    const past: Past = {
      recommendations: recommendations.filter(since(windowOf(autoscaler))),
      added: added.filter(since(periodOf(autoscaler))),
      removed: removed.filter(since(periodOf(autoscaler))),
    };
    if (target) this.pasts.set(key, past);
    return past;
  }

  /** The change that was last decided on was not made. */
  private unnote(key: string): void {
    const past = this.pasts.get(key);
    for (const changes of past ? [past.added, past.removed] : []) {
      if (past?.last && changes.at(-1) === past.last) changes.pop();
    }
  }

  /** Asks the nodes of the target's pods. */
  private async measure(key: string): Promise<void> {
    const autoscaler = this.options.registry.resource(kinds.horizontalpodautoscalers).view.get(key);
    if (!autoscaler || this.measuring.has(key)) return;
    this.measuring.add(key);
    try {
      const selection = this.select(autoscaler);
      const pods = !selection || 'why' in selection ? [] : this.podsOf(selection);
      const nodes = new Set(pods.flatMap(({ spec }) => spec.nodeName ?? []));
      const usages = await this.options.usageOf([...nodes]);
      this.measured.set(key, usagesOf(autoscaler.metadata.namespace ?? '', usages.values()));
    } finally {
      this.measuring.delete(key);
    }
  }

  private select(autoscaler: HorizontalPodAutoscaler): ReturnType<Selections['note']> | undefined {
    try {
      return this.selectionOf(autoscaler, this.targetOf(autoscaler));
    } catch {
      // What went wrong goes wrong again when it is planned, and the runner says so.
      this.selections.forget(keyOf(autoscaler));
      return undefined;
    }
  }

  private targetOf({ metadata, spec }: HorizontalPodAutoscaler): AutoscalerSnapshot['target'] {
    const { apiVersion = '', kind: kindName, name } = spec.scaleTargetRef;
    const { registry } = this.options;
    const kind = registry.kindOf(apiVersion, kindName);
    if (!kind) {
      const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
      return { why: `no matches for kind "${kindName}" in group "${group}"` };
    }
    if (!kind.scale) return { why: 'the server could not find the requested resource' };
    try {
      const object = registry.resource(kind as Kind<Scalable>).view.get(objectKey(metadata.namespace, name));
      const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
      return object ? { kind, scale: scaleOf(object, kind) } : { why: `${resource} "${name}" not found` };
    } catch (error) {
      // A custom object without replicas, or whose definition has just gone.
      if (isStatusError(error, 'InternalError') || isStatusError(error, 'NotFound')) return { why: error.message };
      throw error;
    }
  }

  private surroundings(
    autoscaler: HorizontalPodAutoscaler,
    target: AutoscalerSnapshot['target'],
  ): Pick<AutoscalerSnapshot, 'autoscaler' | 'target' | 'pods' | 'rivals' | 'isServed'> {
    const selection = this.selectionOf(autoscaler, target);
    const pods = 'why' in selection ? selection : this.podsOf(selection);
    const rivals = 'why' in pods ? [] : this.selections.selecting(pods);
    return {
      autoscaler,
      target,
      pods,
      rivals: rivals.length > 1 ? rivals : [],
      isServed: (group) => this.isServed(group),
    };
  }

  /** What the target selects, which is remembered for those that could be rivals. */
  private selectionOf(
    { metadata }: HorizontalPodAutoscaler,
    target: AutoscalerSnapshot['target'],
  ): ReturnType<Selections['note']> {
    const key = keyOf({ metadata });
    if ('why' in target) {
      this.selections.forget(key);
      return target;
    }
    return this.selections.note(key, metadata.namespace ?? '', target.scale.status?.selector ?? '');
  }

  private podsOf({ selector, index, value }: Selection): readonly Pod[] {
    const pods = this.options.registry.resource(kinds.pods).view.byIndex(index, value);
    return [...pods].filter((pod) => selector.matches(pod.metadata.labels));
  }

  private isServed(group: string): boolean {
    for (const { spec } of this.options.registry.resource(kinds.apiservices).view.list()) {
      if (spec.group === group) return true;
    }
    return false;
  }
}

function note(past: Past, change: number, at: number): void {
  past.last = { at, replicas: Math.abs(change) };
  (change > 0 ? past.added : past.removed).push(past.last);
}
