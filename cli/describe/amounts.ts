/** What pods ask for, added up. */
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import type { Container, Pod } from '../../api/types/core.v1.ts';

export interface Amounts {
  /** Thousandths of a core. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** An init container counts where it asks for more than all the others together: they don't run at once. */
export function amountsOf({ spec }: Pod, side: 'requests' | 'limits'): Amounts {
  const running = spec.containers.map((container) => own(container, side));
  const starting = (spec.initContainers ?? []).map((container) => own(container, side));
  const sum = (key: keyof Amounts): number => running.reduce((total, amounts) => total + amounts[key], 0);
  const most = (key: keyof Amounts): number => Math.max(0, ...starting.map((amounts) => amounts[key]));
  return { cpu: Math.max(sum('cpu'), most('cpu')), memory: Math.max(sum('memory'), most('memory')) };
}

export function totals(pods: readonly Pod[], side: 'requests' | 'limits'): Amounts {
  const all = pods.map((pod) => amountsOf(pod, side));
  return {
    cpu: all.reduce((total, { cpu }) => total + cpu, 0),
    memory: all.reduce((total, { memory }) => total + memory, 0),
  };
}

function own({ resources }: Container, side: 'requests' | 'limits'): Amounts {
  const amounts = resources?.[side] ?? {};
  return { cpu: milliOf(amounts['cpu'] ?? '0'), memory: bytesOf(amounts['memory'] ?? '0') };
}

/** `250m (13%)`. */
export function amountText(kind: keyof Amounts, amount: number, room: number): string {
  const share = room === 0 ? 0 : Math.trunc((amount / room) * 100);
  return `${kind === 'cpu' ? cpuText(amount) : memoryText(amount)} (${share}%)`;
}

export function cpuText(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

const UNITS = ['Ki', 'Mi', 'Gi', 'Ti'] as const;

/** In the largest unit in which it is a whole number. */
export function memoryText(bytes: number): string {
  let amount = bytes;
  let unit = '';
  for (const next of UNITS) {
    if (amount === 0 || amount % 1024 !== 0) break;
    amount /= 1024;
    unit = next;
  }
  return `${amount}${unit}`;
}
