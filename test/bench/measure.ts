/** What all benches say of their samples, and what the kernel says of a process. */
import { readFileSync } from 'node:fs';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** To four significant digits. */
export function spreadOf(samples: readonly number[]): Spread {
  return { median: percentile(samples, 0.5), min: percentile(samples, 0), max: percentile(samples, 1) };
}

export function percentilesOf(samples: readonly number[]): Record<'p50' | 'p90' | 'p99' | 'max', number> {
  return {
    p50: percentile(samples, 0.5),
    p90: percentile(samples, 0.9),
    p99: percentile(samples, 0.99),
    max: percentile(samples, 1),
  };
}

/** The least sample that at least that share (0 to 1) of the samples does not exceed, to four significant digits. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return rounded(sorted[at] ?? Number.NaN);
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Resident memory of a process, in MB (10⁶ bytes). */
export function residentMegabytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return rounded((Number(kibibytes) * 1024) / 1e6);
}

/** Processor time that a process has used so far, in milliseconds. */
export function processorMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // User and system time, in ticks of the kernel's interface: 100 a second on every Linux.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Follows the load of processes: call it for the percentage of one core that each has used since the last call. */
export function processorMeter<Name extends string>(pids: Readonly<Record<Name, number>>): () => Record<Name, number> {
  const names = Object.keys(pids) as Name[];
  let begun = performance.now();
  let before = names.map((name) => processorMilliseconds(pids[name]));
  return () => {
    const now = names.map((name) => processorMilliseconds(pids[name]));
    const elapsed = performance.now() - begun;
    const shares = names.map((name, at) => [name, rounded((100 * ((now[at] ?? 0) - (before[at] ?? 0))) / elapsed)]);
    begun = performance.now();
    before = now;
    return Object.fromEntries(shares) as Record<Name, number>;
  };
}
