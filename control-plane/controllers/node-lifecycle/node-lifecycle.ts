/** What concerns a node's life: itself, its agent's session, its pods, and how well the control plane sees. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Clock, Timer } from '../../../lib/clock.ts';
import type { View } from '../../../lib/view.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { follow } from '../watching.ts';
import type { Liveness } from './liveness.ts';
import { judge } from './liveness.ts';
import { Losses } from './losses.ts';
import { planNode } from './plan.ts';

/** A node's agent is connected to this server. The view's keys are the nodes' names. */
export interface NodeSession {
  readonly node: string;
  readonly server: string;
}

/** How well this server sees: etcd answering, event loop not stalled. */
export interface Sight {
  /** Since when, in milliseconds of the monotonic clock; undefined while it does not see clearly. */
  clearSince(): number | undefined;
  /** Calls `listener` when that changes. Returns what ends it. */
  subscribe(listener: () => void): () => void;
}

export interface NodeLifecycleOptions {
  readonly registry: Registry;
  readonly sessions: View<NodeSession>;
  readonly sight: Sight;
  readonly clock: Clock;
  /** Milliseconds in which agents can come back after the control plane was blind. */
  readonly graceMilliseconds?: number;
  /** Milliseconds after the end of its session in which a cut-off agent has certainly frozen its pods with an identity. */
  readonly fenceMilliseconds?: number;
}

const DEFAULT_GRACE = 10_000;
const DEFAULT_FENCE = 2000;
/** So much later the judgement of others takes account of a session that began or ended; with many it is one more look. */
const RECONSIDER_MILLISECONDS = 100;

export class NodeLifecycleController implements Controller {
  readonly name = 'node-lifecycle';
  private readonly options: NodeLifecycleOptions;
  private readonly losses = new Losses();
  /** Nodes that were not judged yet when they were last looked at. */
  private readonly doubtful = new Set<string>();
  private leadingSince = 0;

  constructor(options: NodeLifecycleOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry, sessions, sight } = this.options;
    this.leadingSince = this.options.clock.now();
    const nodes = registry.resource(kinds.nodes).view;
    const lookAgain = (): void => [...this.doubtful].forEach(enqueue);
    let timer: Timer | undefined;
    const reconsider = (): void => {
      timer ??= this.options.clock.after(RECONSIDER_MILLISECONDS, () => {
        timer = undefined;
        lookAgain();
      });
    };
    const ends = [
      nodes.subscribe(({ key }) => this.lookFor(key)),
      follow([
        [nodes, (node) => enqueue(keyOf(node))],
        [
          registry.resource(kinds.pods).view,
          ({ spec }: Pod) => {
            if (spec.nodeName) enqueue(spec.nodeName);
          },
        ],
      ]),
      sessions.subscribe(({ key, type }) => {
        if (type !== 'deleted') this.losses.forget(key);
        this.lookFor(key);
        enqueue(key);
        // One loss more or less bears on the judgement of those that are not judged yet.
        reconsider();
      }),
      sight.subscribe(lookAgain),
    ];
    for (const node of nodes.list()) {
      this.lookFor(keyOf(node));
      enqueue(keyOf(node));
    }
    return () => {
      ends.forEach((end) => end());
      timer?.cancel();
      this.losses.clear();
    };
  }

  plan(key: string, moment: Moment): Plan {
    const { registry, fenceMilliseconds = DEFAULT_FENCE } = this.options;
    const node = registry.resource(kinds.nodes).view.get(key);
    if (!node) {
      this.doubtful.delete(key);
      return NOTHING;
    }
    const { view } = registry.resource(kinds.pods);
    const lostAt = this.losses.at(key) ?? moment.now;
    const liveness = this.judge(key, lostAt, moment.now);
    if (liveness.state === 'doubtful') this.doubtful.add(key);
    else this.doubtful.delete(key);
    const snapshot = {
      node,
      liveness,
      // Before it saw clearly there may have been another session, which it has not seen.
      lostAt: Math.max(lostAt, this.options.sight.clearSince() ?? moment.now),
      fenceMilliseconds,
      // Every pod's change brings its node here, and hardly ever are its pods looked at.
      get pods() {
        return [...view.byIndex('node', key)];
      },
    };
    return planNode(snapshot, moment);
  }

  private judge(key: string, lostAt: number, now: number): Liveness {
    const { sessions, sight, graceMilliseconds = DEFAULT_GRACE } = this.options;
    if (sessions.get(key) !== undefined) return { state: 'alive' };
    return judge(
      {
        now,
        lostAt,
        clearSince: sight.clearSince(),
        leadingSince: this.leadingSince,
        losses: this.losses.times,
        live: sessions.size,
      },
      { graceMilliseconds },
    );
  }

  /** Notes when a node was first found without a session; forgets nodes that are no more. */
  private lookFor(key: string): void {
    const { registry, sessions, clock } = this.options;
    const exists = registry.resource(kinds.nodes).view.get(key) !== undefined;
    if (!exists || sessions.get(key)) this.losses.forget(key);
    else this.losses.note(key, clock.now());
  }
}
