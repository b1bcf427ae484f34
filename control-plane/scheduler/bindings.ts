/** Writes what was decided: the pod's claims, where they are not bound yet, then its node. */
import type { PodInfo } from './pod-info.ts';
import type { Places } from './places.ts';
import type { SchedulerOutput } from './port.ts';
import type { SchedulingQueue } from './queue.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { VolumesFailed, type VolumeWaits } from './volume-waits.ts';
import type { Step, Volumes } from './volumes.ts';
import { isStatusError } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';

/** A pod that has its place in the snapshot. */
export interface Decided {
  readonly info: PodInfo;
  readonly node: string;
  readonly profile: string;
  /** When it was taken to be decided, in milliseconds of the clock. */
  readonly began: number;
}

export interface BindingsOptions {
  readonly places: Places;
  readonly queue: SchedulingQueue;
  readonly volumes: Volumes;
  readonly waits: VolumeWaits;
  readonly output: SchedulerOutput;
  readonly metrics: SchedulerMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** A binding that fails frees the place again. Nothing here rejects. */
export class Bindings {
  private readonly options: BindingsOptions;
  private isStopped = false;

  constructor(options: BindingsOptions) {
    this.options = options;
  }

  /** What is under way ends without consequences. */
  stop(): void {
    this.isStopped = true;
  }

  /** Resolves once it is written what is to become of the claims; `bind` is called when they are bound, be it much later. */
  async bindVolumes({ info, node }: Decided, steps: readonly Step[], bind: () => void): Promise<void> {
    const { places, volumes, waits } = this.options;
    const end = (error?: unknown): void => {
      volumes.free(steps);
      if (this.isStopped || !places.isPlaced(info, node)) return;
      if (error === undefined) bind();
      else this.withdraw(info, node, error);
    };
    try {
      const awaited = await waits.write(steps, node);
      void waits.whenBound(info, node, awaited).then(() => end(), end);
    } catch (error) {
      end(isStatusError(error, 'NotFound') ? new VolumesFailed(error.message) : error);
    }
  }

  async bind({ info, node, profile, began }: Decided): Promise<void> {
    const { output, metrics, clock, places } = this.options;
    try {
      await output.bind(info.pod, node);
      metrics.attempt('scheduled', profile, (clock.now() - began) / 1000);
    } catch (error) {
      metrics.attempt('error', profile, (clock.now() - began) / 1000);
      if (this.isStopped || places.isBound(info)) return;
      this.withdraw(info, node, error);
    }
  }

  /** The pod could not be bound: its place is free again, and it is tried anew unless it is gone. */
  private withdraw(info: PodInfo, node: string, error: unknown): void {
    const { places, queue, log } = this.options;
    places.renominate(info);
    places.leave(info.uid);
    if (error instanceof VolumesFailed) {
      const message = `running PreBind plugin "VolumeBinding": binding volumes: ${error.message}`;
      places.tell(info.pod, 'Unschedulable', message);
    } else if (isStatusError(error, 'NotFound')) return;
    else log.warn({ err: error, pod: info.key, node }, 'a pod could not be bound; it is tried again');
    queue.failed(info.uid);
  }
}
