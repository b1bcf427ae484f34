/** What concerns jobs that do not stay for ever once they have ended: themselves. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { follow } from '../watching.ts';
import { expiryOf, planExpiry } from './plan.ts';

export class TtlAfterFinished implements Controller {
  readonly name = 'ttl-after-finished';
  private readonly registry: Registry;

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const see = (job: Job): void => {
      if (expiryOf(job) !== undefined) enqueue(keyOf(job));
    };
    return follow<Job>([[this.registry.resource(kinds.jobs).view, see, 'existing']]);
  }

  plan(key: string, moment: Moment): Plan {
    const job = this.registry.resource(kinds.jobs).view.get(key);
    return job ? planExpiry(job, moment) : NOTHING;
  }
}
