/** What concerns stray pods: the pods themselves, and nodes that come and go. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { View } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import { isTerminal } from '../conditions.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import type { NodeSession } from '../node-lifecycle/node-lifecycle.ts';
import { planEndedPods, planStrayPod } from './plan.ts';

/** As Kubernetes' `--terminated-pod-gc-threshold`. */
const DEFAULT_THRESHOLD = 12_500;
/** The key of the one plan about all ended pods; no pod can have it, as it has no namespace. */
const ENDED = '(ended)';

export interface PodCollectorOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** By the names of the nodes whose agents are connected. */
  readonly sessions: View<NodeSession>;
  /** Milliseconds after which a cut-off agent has certainly frozen its pods with an identity. */
  readonly fenceMilliseconds?: number;
  /** Ended pods that are kept. */
  readonly threshold?: number;
}

export class PodCollector implements Controller {
  readonly name = 'pod-garbage-collector';
  private readonly options: PodCollectorOptions;
  /** Nodes that pods name and that do not exist, and since when that is so, or their agents are not connected any more. */
  private readonly missing = new Map<string, number>();
  private readonly ended = new Set<string>();

  constructor(options: PodCollectorOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this.options;
    const pods = registry.resource(kinds.pods).view;
    const nodes = registry.resource(kinds.nodes).view;
    const see = (pod: Pod): void => this.see(pod, enqueue);
    const { sessions } = this.options;
    const ends = [
      sessions.subscribe(({ type, key }) => {
        if (type !== 'deleted' || !this.missing.delete(key)) return;
        for (const pod of pods.byIndex('node', key)) see(pod);
      }),
      pods.subscribe(({ type, key, object }) => {
        if (type === 'deleted') this.ended.delete(key);
        else see(object);
      }),
      nodes.subscribe(({ type, key }) => {
        if (type === 'deleted') for (const pod of pods.byIndex('node', key)) see(pod);
        else this.missing.delete(key);
      }),
    ];
    for (const pod of pods.list()) see(pod);
    return () => {
      ends.forEach((end) => end());
      this.missing.clear();
      this.ended.clear();
    };
  }

  plan(key: string, moment: Moment): Plan {
    const { registry, threshold = DEFAULT_THRESHOLD } = this.options;
    const pods = registry.resource(kinds.pods).view;
    if (key === ENDED) {
      const ended = [...this.ended].map((name) => pods.get(name)).filter((pod) => pod !== undefined);
      return planEndedPods(ended, threshold);
    }
    const pod = pods.get(key);
    if (!pod) return NOTHING;
    const { nodeName = '' } = pod.spec;
    const { sessions, fenceMilliseconds } = this.options;
    const node = {
      missingSince: this.missing.get(nodeName),
      isConnected: sessions.get(nodeName) !== undefined,
      ...(fenceMilliseconds === undefined ? {} : { fenceMilliseconds }),
    };
    return planStrayPod(pod, node, moment);
  }

  private see(pod: Pod, enqueue: (key: string) => void): void {
    const { registry, clock, threshold = DEFAULT_THRESHOLD } = this.options;
    const { nodeName } = pod.spec;
    if (isTerminal(pod)) {
      this.ended.add(keyOf(pod));
      if (this.ended.size > threshold) enqueue(ENDED);
    }
    if (!nodeName) {
      if (pod.metadata.deletionTimestamp) enqueue(keyOf(pod));
      return;
    }
    if (registry.resource(kinds.nodes).view.get(nodeName)) return;
    if (!this.missing.has(nodeName)) this.missing.set(nodeName, clock.now());
    enqueue(keyOf(pod));
  }
}
