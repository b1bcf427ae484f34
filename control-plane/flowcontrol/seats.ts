/** Who has how many of the server's seats: what the levels are configured to have, and how they lend and borrow. */
import type { PriorityLevelConfigurationSpec } from '../../api/types/flowcontrol.v1.ts';
import type { DemandSummary } from './demand.ts';

const DEFAULT_SHARES = 30;
/** What a level that needs nothing is reckoned with. */
const LEAST_TARGET = 0.001;
const BISECTIONS = 60;

/** Seats. */
export interface SeatLimits {
  /** By its shares alone. */
  readonly nominal: number;
  /** What it never lends. */
  readonly lower: number;
  /** With all that it may borrow. */
  readonly upper: number;
}

export interface Claim {
  readonly limits: SeatLimits;
  readonly isExempt: boolean;
  readonly demand: DemandSummary;
}

export interface Allocation {
  /** For each claim, in their order. */
  readonly seats: readonly number[];
  readonly targets: readonly number[];
  /** What part of its target each level gets that no limit keeps from it; 0 when there is nothing to share. */
  readonly fairFraction: number;
}

/** Divides the server's seats by the levels' shares. */
export function limitsOf(specs: readonly PriorityLevelConfigurationSpec[], total: number): SeatLimits[] {
  const sum = specs.reduce((shares, spec) => shares + sharesOf(spec), 0);
  return specs.map((spec) => {
    const nominal = sum === 0 ? 0 : Math.ceil((total * sharesOf(spec)) / sum);
    const lendable = percentOf(nominal, (spec.limited ?? spec.exempt)?.lendablePercent ?? 0);
    const most = spec.limited?.borrowingLimitPercent;
    const borrowable = most === undefined ? total : percentOf(nominal, most);
    return { nominal, lower: nominal - lendable, upper: nominal + borrowable };
  });
}

function sharesOf({ limited, exempt }: PriorityLevelConfigurationSpec): number {
  return limited ? (limited.nominalConcurrencyShares ?? DEFAULT_SHARES) : (exempt?.nominalConcurrencyShares ?? 0);
}

function percentOf(seats: number, percent: number): number {
  return Math.round((seats * percent) / 100);
}

/** What each level keeps for itself now: what it used lately, of what it was configured to have. */
function floorOf({ limits: { nominal, lower }, isExempt, demand }: Claim): number {
  return Math.max(lower, isExempt ? demand.highest : Math.min(nominal, demand.highest));
}

/** Shares out the seats by what is needed: each level gets the same part of its target, within its limits. */
export function allocate(claims: readonly Claim[]): Allocation {
  const total = claims.reduce((sum, { limits }) => sum + limits.nominal, 0);
  const floors = claims.map((claim) => floorOf(claim));
  const targets = claims.map(({ demand }, at) => Math.max(floors[at] ?? 0, demand.smoothed, LEAST_TARGET));
  const limited = claims.flatMap(({ isExempt, limits }, at) =>
    isExempt ? [] : [{ lower: limits.lower, floor: floors[at] ?? 0, upper: limits.upper, target: targets[at] ?? 0 }],
  );
  const taken = claims.reduce((sum, { isExempt }, at) => sum + (isExempt ? (floors[at] ?? 0) : 0), 0);
  const { seats, fairFraction } = share(limited, total - taken);
  let next = 0;
  return {
    seats: claims.map(({ isExempt }, at) => (isExempt ? floors[at] : seats[next++]) ?? 0),
    targets,
    fairFraction,
  };
}

interface Sharer {
  readonly lower: number;
  readonly floor: number;
  readonly upper: number;
  readonly target: number;
}

function share(sharers: readonly Sharer[], total: number): { seats: number[]; fairFraction: number } {
  const lowest = sum(sharers.map(({ lower }) => lower));
  const floors = sum(sharers.map(({ floor }) => floor));
  if (total <= lowest) return { seats: sharers.map(({ lower }) => lower), fairFraction: 0 };
  if (total <= floors) {
    const part = (total - lowest) / (floors - lowest);
    return { seats: sharers.map(({ lower, floor }) => lower + Math.round((floor - lower) * part)), fairFraction: 0 };
  }
  const at = (fraction: number): number[] =>
    sharers.map(({ floor, upper, target }) => Math.min(Math.max(upper, floor), Math.max(floor, fraction * target)));
  const fairFraction = fractionFor(total, (fraction) => sum(at(fraction)));
  return { seats: at(fairFraction).map((seats) => Math.round(seats)), fairFraction };
}

/** Where a sum that only grows reaches `total`; the end of what makes a difference when it never does. */
function fractionFor(total: number, sumAt: (fraction: number) => number): number {
  let low = 0;
  let high = (total + 1) / LEAST_TARGET;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (sumAt(middle) < total) low = middle;
    else high = middle;
  }
  return high;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
