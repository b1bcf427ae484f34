/** The quality-of-service class of a pod: how well its containers say what they need. */
import { compareQuantities, parseQuantity } from './quantity.ts';
import type { PodSpec } from '../types/core.v1.ts';

const COUNTED = ['cpu', 'memory'] as const;

export function qosClassOf({ containers, initContainers = [] }: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = [...containers, ...initContainers].map(({ resources }) => resources ?? {});
  const isBestEffort = all.every(({ limits, requests }) =>
    COUNTED.every((name) => isZero(limits?.[name]) && isZero(requests?.[name])),
  );
  if (isBestEffort) return 'BestEffort';
  const isGuaranteed = all.every(({ limits, requests }) =>
    COUNTED.every((name) => !isZero(limits?.[name]) && isSame(requests?.[name] ?? limits?.[name], limits?.[name])),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

function isZero(amount: string | undefined): boolean {
  return amount === undefined || parseQuantity(amount).nanos === 0n;
}

function isSame(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && compareQuantities(parseQuantity(a), parseQuantity(b)) === 0;
}
