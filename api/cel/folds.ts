/** Macros over lists and maps, as loops. */
import { sortValues } from './compare.ts';
import { EvaluationError } from './errors.ts';
import type { Code, Frame } from './frame.ts';
import type { Fold, FoldKind, Node } from './syntax.ts';
import { ListValue, MapValue, Optional, type Value, ValueList, ValueMap } from './values.ts';

/** What a turn costs besides its body. */
const TURN_COST = 2;
const LIST_COST = 10;
const MAP_COST = 30;

interface Loop {
  readonly range: Code;
  readonly first: number;
  readonly second: number | undefined;
  readonly condition: Code | undefined;
  readonly transform: Code | undefined;
}

export function foldCode(node: Fold, slots: readonly number[], compile: (node: Node) => Code): Code {
  const loop: Loop = {
    range: compile(node.range),
    first: slots[0] ?? 0,
    second: slots[1],
    condition: node.condition && compile(node.condition),
    transform: node.transform && compile(node.transform),
  };
  const run = RUNNERS[node.fold];
  return (frame) => run(frame, loop);
}

const RUNNERS: Readonly<Record<FoldKind, (frame: Frame, loop: Loop) => Value>> = {
  all: (frame, loop) => quantified(frame, loop, false),
  exists: (frame, loop) => quantified(frame, loop, true),
  exists_one: existsOne,
  filter: collected,
  map: collected,
  transformList: collected,
  sortBy: sorted,
  transformMap: mapped,
  transformMapEntry: mappedEntries,
  optMap: (frame, loop) => optional(frame, loop, (value) => new Optional(value)),
  optFlatMap: (frame, loop) => optional(frame, loop, (value) => value),
};

/** Yields each turn's key (the index of a list), with the variables in place. */
function* turns(frame: Frame, { range, first, second }: Loop): Iterable<Value> {
  const values = range(frame);
  if (values instanceof ListValue) {
    for (let index = 0; index < values.size; index++) {
      frame.budget.charge(TURN_COST);
      if (second === undefined) frame.slots[first] = values.at(index);
      else {
        frame.slots[first] = BigInt(index);
        frame.slots[second] = values.at(index);
      }
      yield second === undefined ? null : BigInt(index);
    }
    return;
  }
  if (!(values instanceof MapValue)) throw new EvaluationError('no such overload');
  for (const key of values.keys()) {
    frame.budget.charge(TURN_COST);
    frame.slots[first] = key;
    if (second !== undefined) frame.slots[second] = values.get(key) ?? null;
    yield key;
  }
}

function holds(frame: Frame, condition: Code | undefined): boolean {
  if (!condition) return true;
  const value = condition(frame);
  if (typeof value !== 'boolean') throw new EvaluationError('no such overload');
  return value;
}

/** One element that decides is enough, whatever happens with the others. */
function quantified(frame: Frame, loop: Loop, decides: boolean): boolean {
  let failure: EvaluationError | undefined;
  for (const _ of turns(frame, loop)) {
    try {
      if (holds(frame, loop.condition) === decides) return decides;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return !decides;
}

function existsOne(frame: Frame, loop: Loop): boolean {
  let count = 0;
  for (const _ of turns(frame, loop)) if (holds(frame, loop.condition)) count++;
  return count === 1;
}

function collected(frame: Frame, loop: Loop): ListValue {
  frame.budget.charge(LIST_COST);
  const values: Value[] = [];
  for (const _ of turns(frame, loop)) {
    if (!holds(frame, loop.condition)) continue;
    values.push(loop.transform ? loop.transform(frame) : (frame.slots[loop.first] ?? null));
  }
  return new ValueList(values);
}

function sorted(frame: Frame, loop: Loop): ListValue {
  const rows: { readonly key: Value; readonly value: Value }[] = [];
  for (const _ of turns(frame, loop)) {
    const value = frame.slots[loop.first] ?? null;
    rows.push({ value, key: loop.transform ? loop.transform(frame) : value });
  }
  return new ValueList(sortValues(rows, ({ key }) => key).map(({ value }) => value));
}

function mapped(frame: Frame, loop: Loop): MapValue {
  frame.budget.charge(MAP_COST);
  const map = new ValueMap();
  for (const key of turns(frame, loop)) {
    if (holds(frame, loop.condition) && loop.transform) map.add(key, loop.transform(frame));
  }
  return map;
}

function mappedEntries(frame: Frame, loop: Loop): MapValue {
  frame.budget.charge(MAP_COST);
  const map = new ValueMap();
  for (const _ of turns(frame, loop)) {
    if (!holds(frame, loop.condition) || !loop.transform) continue;
    const entry = loop.transform(frame);
    if (!(entry instanceof MapValue)) throw new EvaluationError('no such overload');
    for (const key of entry.keys()) map.add(key, entry.get(key) ?? null);
  }
  return map;
}

function optional(frame: Frame, loop: Loop, wrap: (value: Value) => Value): Value {
  const range = loop.range(frame);
  if (!(range instanceof Optional)) throw new EvaluationError('no such overload');
  if (range.value === undefined || !loop.transform) return range;
  frame.slots[loop.first] = range.value;
  return wrap(loop.transform(frame));
}
