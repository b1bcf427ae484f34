/** A pod security standard: a level, as a version of Kubernetes has it. */
import { BASELINE } from './baseline.ts';
import type { Check, CheckPod, PodParts, Violation } from './check.ts';
import { RESTRICTED } from './restricted.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface Standard {
  readonly level: Level;
  /** `latest`, or such as `v1.25`. */
  readonly version: string;
}

/** From the least strict to the strictest. */
export const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];

/** The last minor version in which a check changed. */
const NEWEST = 35;

/** By minor version. */
const CHECKS = { baseline: everyVersion('baseline'), restricted: everyVersion('restricted') } as const;

/** In the order in which they are told of. */
export function violationsOf(pod: PodParts, { level, version }: Standard): Violation[] {
  if (level === 'privileged') return [];
  return (CHECKS[level][minorOf(version)] ?? []).flatMap((check) => check(pod) ?? []);
}

/** `host namespaces (hostNetwork=true), privileged (container "a" must not set …)`. */
export function violationsText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

export function standardText({ level, version }: Standard): string {
  return `${level}:${version}`;
}

/** Greater than 0 when `a` is stricter than `b`. */
export function compareLevels(a: Level, b: Level): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b);
}

function minorOf(version: string): number {
  return version === 'latest' ? NEWEST : Math.min(Number(version.slice('v1.'.length)), NEWEST);
}

function everyVersion(level: Level): (readonly CheckPod[])[] {
  return Array.from({ length: NEWEST + 1 }, (_none, minor) => selected(level, minor));
}

function selected(level: Level, minor: number): CheckPod[] {
  const further = level === 'restricted' ? RESTRICTED.filter(({ since: [first] }) => first && first[0] <= minor) : [];
  const replaced = new Set(further.map(({ replaces }) => replaces));
  const checks = [...BASELINE.filter(({ id }) => !replaced.has(id)), ...further];
  return checks.flatMap((check) => inVersion(check, minor) ?? []);
}

function inVersion({ since }: Check, minor: number): CheckPod | undefined {
  return since.findLast(([first]) => first <= minor)?.[1];
}
