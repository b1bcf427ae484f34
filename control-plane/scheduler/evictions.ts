/** Victims of preemption: told to end in the background, and known as such until they are gone. */
import type { PodInfo } from './pod-info.ts';
import type { SchedulerOutput } from './port.ts';
import type { Log } from '../../lib/log.ts';

export class Evictions {
  private readonly output: SchedulerOutput;
  private readonly log: Log;
  private readonly uids = new Set<string>();

  constructor(options: { output: SchedulerOutput; log: Log }) {
    this.output = options.output;
    this.log = options.log;
  }

  has(uid: string): boolean {
    return this.uids.has(uid);
  }

  /** The pod is gone. */
  forget(uid: string): void {
    this.uids.delete(uid);
  }

  /** Resolves, to whether all of them are told, once they are. */
  async end(victims: readonly PodInfo[], preemptor: PodInfo, node: string): Promise<boolean> {
    const told = await Promise.all(victims.map((victim) => this.endOne(victim, preemptor, node)));
    return told.every(Boolean);
  }

  private async endOne(victim: PodInfo, preemptor: PodInfo, node: string): Promise<boolean> {
    this.uids.add(victim.uid);
    try {
      await this.output.preempt(victim.pod, preemptor.pod, node);
      return true;
    } catch (error) {
      this.uids.delete(victim.uid);
      this.log.warn({ err: error, pod: victim.key, preemptor: preemptor.key, node }, 'a pod could not be preempted');
      return false;
    }
  }
}
