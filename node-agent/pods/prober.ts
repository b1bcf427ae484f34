/** Keeps the probes of a pod's running containers going: the startup probe first, then liveness and readiness. */
import type { Container, Pod, Probe } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Runtime } from '../runtime/port.ts';
import type { Attempt, HandlerTarget } from './handler.ts';
import { attempt } from './handler.ts';
import type { ProbeVerdict } from './memory.ts';
import type { ProbeKind } from './probe-loop.ts';
import { ProbeLoop } from './probe-loop.ts';

export interface ProberOptions {
  runtime: Runtime;
  clock: Clock;
  onVerdict: (containerId: string, verdict: ProbeVerdict) => void;
  onTrouble: (pod: Pod, container: Container, kind: ProbeKind, attempt: Attempt) => void;
}

export interface ProbeTarget extends HandlerTarget {
  /** Milliseconds since it started. */
  readonly age: number;
  /** What an agent before this one had found out about it. */
  readonly before: ProbeVerdict;
}

const KINDS: readonly { kind: ProbeKind; of: (container: Container) => Probe | undefined }[] = [
  { kind: 'startup', of: (container) => container.startupProbe },
  { kind: 'liveness', of: (container) => container.livenessProbe },
  { kind: 'readiness', of: (container) => container.readinessProbe },
];

export class Prober {
  private readonly options: ProberOptions;
  private readonly watched = new Map<string, ContainerProbes>();

  constructor(options: ProberOptions) {
    this.options = options;
  }

  /** Probes exactly these containers from now on. */
  reconcile(targets: readonly ProbeTarget[]): void {
    const wanted = new Set(targets.map(({ containerId }) => containerId));
    for (const [id, probes] of this.watched) {
      if (wanted.has(id)) continue;
      probes.stop();
      this.watched.delete(id);
    }
    for (const target of targets) {
      if (this.watched.has(target.containerId) || !KINDS.some(({ of }) => of(target.container))) continue;
      const probes = new ContainerProbes(this.options, target);
      this.watched.set(target.containerId, probes);
      probes.start();
    }
  }

  stop(): void {
    this.reconcile([]);
  }
}

class ContainerProbes {
  private readonly options: ProberOptions;
  private readonly target: ProbeTarget;
  private readonly born: number;
  private readonly loops = new Map<ProbeKind, ProbeLoop>();
  private readonly verdicts = new Map<ProbeKind, boolean>();

  constructor(options: ProberOptions, target: ProbeTarget) {
    this.options = options;
    this.target = target;
    this.born = options.clock.now() - target.age;
  }

  start(): void {
    const { startupProbe, readinessProbe } = this.target.container;
    const { before } = this.target;
    if (readinessProbe) this.verdicts.set('readiness', before.readiness ?? false);
    if (startupProbe && before.startup) this.verdicts.set('startup', true);
    if (startupProbe && !before.startup) this.run('startup');
    else this.runOthers();
    this.tell();
  }

  stop(): void {
    for (const loop of this.loops.values()) loop.stop();
  }

  private runOthers(): void {
    this.run('liveness');
    this.run('readiness');
  }

  private run(kind: ProbeKind): void {
    const probe = KINDS.find((entry) => entry.kind === kind)?.of(this.target.container);
    if (!probe) return;
    const { runtime, clock, onTrouble } = this.options;
    const { pod, container } = this.target;
    const loop = new ProbeLoop({
      kind,
      probe,
      clock,
      age: clock.now() - this.born,
      verdict: kind === 'readiness' ? this.verdicts.get('readiness') : undefined,
      attempt: (spec) => attempt(runtime, this.target, spec, spec.timeoutSeconds ?? 1),
      onVerdict: (verdict) => this.note(kind, verdict),
      onTrouble: (failed) => onTrouble(pod, container, kind, failed),
    });
    this.loops.set(kind, loop);
    loop.start();
  }

  private note(kind: ProbeKind, verdict: boolean): void {
    this.verdicts.set(kind, verdict);
    if (kind === 'startup' && verdict) this.runOthers();
    this.tell();
  }

  private tell(): void {
    this.options.onVerdict(this.target.containerId, Object.fromEntries(this.verdicts));
  }
}
