/** What only the leader does: the controllers, the scheduler, and keeping the records of allocations straight. */
import type { Log } from '../../lib/log.ts';
import type { ControllersOptions } from '../controllers/controllers.ts';
import { Controllers } from '../controllers/controllers.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import { Scheduler, type SchedulerOptions } from '../scheduler/scheduler.ts';
import type { Candidate } from '../storage/coordination.ts';

export interface LeaderOptions {
  registry: ResourceRegistry;
  controllers: ControllersOptions;
  scheduler: SchedulerOptions;
  log: Log;
}

export class Leader implements Candidate {
  private readonly options: LeaderOptions;
  private leading = false;
  private schedules: Scheduler | undefined;

  constructor(options: LeaderOptions) {
    this.options = options;
  }

  get isLeading(): boolean {
    return this.leading;
  }

  /** Pods without a node, by what they wait for; undefined while it doesn't lead. */
  get pending(): ReturnType<Scheduler['counts']> | undefined {
    return this.schedules?.counts();
  }

  /** Leads until the signal is aborted. Each time with new controllers and a new scheduler: nothing old is believed. */
  async onLead(signal: AbortSignal): Promise<void> {
    const { registry, controllers, scheduler, log } = this.options;
    log.info({}, 'leading');
    this.leading = true;
    const schedules = new Scheduler(scheduler);
    this.schedules = schedules;
    try {
      await controllers.whenFresh();
      await registry.repairAllocations();
      await schedules.start();
      await new Controllers(controllers).run(signal);
    } finally {
      this.leading = false;
      this.schedules = undefined;
      await schedules.stop();
      log.info({}, 'not leading any more');
    }
  }
}
