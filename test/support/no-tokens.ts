/** What volumes need besides the disk, for pods that ask for none of it. */
import type { Clock } from '../../lib/clock.ts';
import { systemClock } from '../../lib/clock.ts';
import { PodTokens } from '../../node-agent/volumes/tokens.ts';

export function noTokens(clock: Clock = systemClock): { tokens: PodTokens; describe: () => string } {
  const issue = (): Promise<never> => Promise.reject(new Error('no server is connected'));
  return { tokens: new PodTokens({ source: { issue }, clock }), describe: () => '' };
}
