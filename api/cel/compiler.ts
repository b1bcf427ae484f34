/** Turns a checked tree into closures, one a node. */
import type { Checked, ResolvedCall } from './checker.ts';
import { equals } from './compare.ts';
import { EvaluationError } from './errors.ts';
import { foldCode } from './folds.ts';
import type { Code, Frame } from './frame.ts';
import { hasType, type Overload } from './functions.ts';
import type { Call, ListLiteral, MapLiteral, Node, Select } from './syntax.ts';
import {
  ListValue,
  MapValue,
  Optional,
  sizeOf,
  typeNameOf,
  TypeValue,
  Uint,
  type Value,
  ValueList,
  ValueMap,
} from './values.ts';

const LIST_COST = 10;
const MAP_COST = 30;

export function compileTree(checked: Checked): Code {
  return new Compiler(checked).compile(checked.root);
}

class Compiler {
  readonly #checked: Checked;

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  readonly compile = (node: Node): Code => {
    const reference = this.#checked.references.get(node);
    if (reference?.what === 'type') {
      const type = new TypeValue(reference.name);
      return () => type;
    }
    if (reference && node.kind === 'select') return this.#ident(node);
    switch (node.kind) {
      case 'literal': {
        const { value } = node;
        return () => value;
      }
      case 'ident':
        return this.#ident(node);
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'fold':
        return foldCode(node, this.#checked.slots.get(node) ?? [], this.compile);
    }
  };

  #ident(node: Node): Code {
    const reference = this.#checked.references.get(node);
    if (reference?.what === 'slot') {
      const { slot } = reference;
      return (frame) => {
        frame.budget.charge(1);
        return frame.slots[slot] ?? null;
      };
    }
    const name = reference?.name ?? '';
    return (frame) => {
      frame.budget.charge(1);
      return frame.variable(name);
    };
  }

  #select({ operand, field, test, optional }: Select): Code {
    const of = this.compile(operand);
    if (test) return (frame) => hasField(of(frame), field);
    return (frame) => {
      const value = of(frame);
      frame.budget.charge(1);
      return selectField(value, field, optional);
    };
  }

  #list({ items }: ListLiteral): Code {
    const codes = items.map(({ value, optional }) => ({ code: this.compile(value), optional }));
    return (frame) => {
      frame.budget.charge(LIST_COST);
      const values: Value[] = [];
      for (const { code, optional } of codes) {
        const value = optional ? unwrapped(code(frame)) : code(frame);
        if (value !== undefined) values.push(value);
      }
      return new ValueList(values);
    };
  }

  #map({ entries }: MapLiteral): Code {
    const codes = entries.map(({ key, value, optional }) => {
      return { key: this.compile(key), code: this.compile(value), optional };
    });
    return (frame) => {
      frame.budget.charge(MAP_COST);
      const map = new ValueMap();
      for (const { key, code, optional } of codes) {
        const value = optional ? unwrapped(code(frame)) : code(frame);
        if (value !== undefined) map.add(key(frame), value);
      }
      return map;
    };
  }

  #call(node: Call): Code {
    const resolved = this.#checked.calls.get(node);
    if (resolved) return callCode(node.name, resolved, resolved.args.map(this.compile));
    const [first, second, third] = node.args.map(this.compile);
    if (!first) throw new Error(`${node.name} was not resolved`);
    if (node.name === 'type') return (frame) => new TypeValue(typeNameOf(first(frame)));
    if (!second) throw new Error(`${node.name} was not resolved`);
    switch (node.name) {
      case '_&&_':
        return logicalCode(first, second, false);
      case '_||_':
        return logicalCode(first, second, true);
      case '_==_':
        return (frame) => isEqual(frame, first(frame), second(frame));
      case '_!=_':
        return (frame) => !isEqual(frame, first(frame), second(frame));
      case '@in':
        return (frame) => isIn(frame, first(frame), second(frame));
      case '_[_]':
        return (frame) => indexed(frame, first(frame), second(frame), false);
      case '_[?_]':
        return (frame) => indexed(frame, first(frame), second(frame), true);
      case '_?_:_':
        return (frame) => ((truth(first(frame)) ? second : third) ?? second)(frame);
      default:
        throw new Error(`${node.name} was not resolved`);
    }
  }
}

function callCode(name: string, { overloads, mustMatch }: ResolvedCall, args: readonly Code[]): Code {
  const [only] = overloads;
  return (frame) => {
    const values = args.map((code) => code(frame));
    const row = mustMatch ? overloads.find((each) => fits(each, values)) : only;
    if (!row) throw new EvaluationError(`no such overload: ${name}(${values.map(typeNameOf).join(', ')})`);
    frame.budget.charge(row.cost ? row.cost(values) : 1);
    return row.call(values, frame.budget);
  };
}

function fits({ params }: Overload, values: readonly Value[]): boolean {
  return params.every((type, index) => hasType(values[index] ?? null, type));
}

export function truth(value: Value): boolean {
  if (typeof value !== 'boolean') throw new EvaluationError('no such overload');
  return value;
}

/** One side that decides is enough, whatever happens on the other. */
function logicalCode(left: Code, right: Code, decides: boolean): Code {
  return (frame) => {
    frame.budget.charge(1);
    let failure: EvaluationError | undefined;
    try {
      if (truth(left(frame)) === decides) return decides;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      failure = error;
    }
    if (truth(right(frame)) === decides) return decides;
    if (failure) throw failure;
    return !decides;
  };
}

function isEqual(frame: Frame, a: Value, b: Value): boolean {
  frame.budget.charge(Math.max(1, Math.ceil(Math.min(weightOf(a), weightOf(b)) * 0.1)));
  return equals(a, b);
}

/** Sizes, through one level of nesting: what comparing two values takes at least. */
function weightOf(value: Value): number {
  if (!(value instanceof ListValue)) return sizeOf(value);
  let weight = 0;
  for (const item of value) weight += sizeOf(item);
  return weight;
}

function isIn(frame: Frame, item: Value, container: Value): boolean {
  if (container instanceof MapValue) {
    frame.budget.charge(1);
    return container.has(item);
  }
  if (!(container instanceof ListValue)) throw new EvaluationError('no such overload');
  frame.budget.charge(Math.max(1, container.size));
  for (const each of container) if (equals(each, item)) return true;
  return false;
}

function hasField(value: Value, field: string): boolean {
  const inner = value instanceof Optional ? value.value : value;
  if (inner === undefined) return false;
  if (!(inner instanceof MapValue)) throw new EvaluationError('no such overload');
  return inner.has(field);
}

function selectField(value: Value, field: string, optional: boolean): Value {
  if (value instanceof Optional) return value.value === undefined ? value : chained(fieldOf(value.value, field));
  const found = fieldOf(value, field);
  if (optional) return chained(found);
  if (found === undefined) throw new EvaluationError(`no such key: ${field}`);
  return found;
}

function fieldOf(value: Value, field: string): Value | undefined {
  if (!(value instanceof MapValue)) throw new EvaluationError('no such overload');
  return value.get(field);
}

function chained(value: Value | undefined): Optional {
  return value instanceof Optional ? value : new Optional(value);
}

function unwrapped(value: Value): Value | undefined {
  if (!(value instanceof Optional)) throw new EvaluationError('no such overload');
  return value.value;
}

function indexed(frame: Frame, container: Value, index: Value, optional: boolean): Value {
  frame.budget.charge(1);
  if (container instanceof Optional) {
    return container.value === undefined ? container : chained(elementOf(container.value, index, true));
  }
  const found = elementOf(container, index, optional);
  if (optional) return chained(found);
  if (found === undefined) throw new EvaluationError(`no such key: ${describe(index)}`);
  return found;
}

function elementOf(container: Value, index: Value, optional: boolean): Value | undefined {
  if (container instanceof MapValue) return container.get(index);
  if (!(container instanceof ListValue)) throw new EvaluationError('no such overload');
  const at = index instanceof Uint ? Number(index.value) : Number(index);
  if (!Number.isInteger(at) || typeof index === 'string') {
    throw new EvaluationError(`unsupported index type '${typeNameOf(index)}' in list`);
  }
  if (at >= 0 && at < container.size) return container.at(at);
  if (optional) return undefined;
  throw new EvaluationError(`index out of bounds: ${at}`);
}

function describe(value: Value): string {
  return value instanceof Uint ? String(value.value) : typeof value === 'object' ? typeNameOf(value) : String(value);
}
