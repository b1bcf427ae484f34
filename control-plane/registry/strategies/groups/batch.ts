/** batch */
import type { batchKinds } from '../../../../api/kinds/batch.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { cronJobStrategy, jobStrategy } from '../batch.ts';

export const batchStrategies: StrategiesOf<typeof batchKinds> = {
  jobs: jobStrategy,
  cronjobs: cronJobStrategy,
};
