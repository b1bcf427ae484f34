/** Taints as users write them: `key=value:Effect`, `key:Effect-`, `key-`. */
import type { Taint } from '../api/types/core.v1.ts';
import { CommandError } from './errors.ts';

export interface TaintChanges {
  readonly added: readonly Taint[];
  /** Without an effect: whatever the effect. */
  readonly removed: readonly { readonly key: string; readonly effect?: string }[];
}

const EFFECTS = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

/** Throws CommandError. */
export function parseTaints(words: readonly string[]): TaintChanges {
  const added: Taint[] = [];
  const removed: { key: string; effect?: string }[] = [];
  for (const word of words) {
    const [, key, , value, , effect, minus] = /^([^=:]+?)(=([^:]*))?(:([A-Za-z]+))?(-)?$/.exec(word) ?? [];
    if (key === undefined || (minus === undefined && effect === undefined))
      throw new CommandError(`invalid taint spec: ${word}`);
    if (effect !== undefined && !EFFECTS.has(effect)) {
      throw new CommandError(`invalid taint effect: ${effect}, unsupported taint effect`);
    }
    if (minus !== undefined) removed.push({ key, ...(effect === undefined ? {} : { effect }) });
    else added.push({ key, ...(value ? { value } : {}), effect: effect ?? '' });
  }
  return { added, removed };
}

/** Throws CommandError for a taint that is not there, or one that is there with another value. */
export function changeTaints(
  before: readonly Taint[],
  { added, removed }: TaintChanges,
  overwrite: boolean,
  node = 'the node',
): Taint[] {
  for (const { key, effect } of removed) {
    const isThere = before.some((taint) => taint.key === key && (effect === undefined || taint.effect === effect));
    if (!isThere) throw new CommandError(`taint "${effect === undefined ? key : `${key}:${effect}`}" not found`);
  }
  const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const clash = added.find((taint) => before.some((other) => isSame(taint, other)));
  if (clash && !overwrite) {
    throw new CommandError(`${node} already has a taint(s) with same effect(s) and --overwrite is false`);
  }
  const kept = before.filter(
    (taint) =>
      !added.some((other) => isSame(taint, other)) &&
      !removed.some(({ key, effect }) => key === taint.key && (effect === undefined || effect === taint.effect)),
  );
  return [...kept, ...added];
}
