/** Functions as they are declared: types for the checker, code for the runtime, a price for the budget. */
import { assignable, type CelType } from './types.ts';
import { Duration, ListValue, MapValue, Opaque, Optional, Timestamp, typeNameOf, Uint, type Value } from './values.ts';

/** What functions share while one program runs. */
export interface CallContext {
  /** Throws CostLimitError when nothing is left. */
  charge(cost: number): void;
}

export interface Overload {
  readonly name: string;
  /** Called as `first.name(rest)`. */
  readonly member: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Charged before the call; 1 when absent. */
  readonly cost: ((args: readonly Value[]) => number) | undefined;
  call(args: readonly Value[], context: CallContext): Value;
  /** Looks at arguments that are literals when the expression is checked: what is wrong with them, or undefined. */
  readonly checkLiterals: ((args: readonly (Value | undefined)[]) => string | undefined) | undefined;
}

export type Signature = Pick<Overload, 'params' | 'result'> &
  Partial<Pick<Overload, 'member' | 'cost' | 'checkLiterals'>>;

/**
 * A row of a library. The arguments of `call` have the types of `params`, which the caller has seen to: this is where
 * they get their TypeScript types.
 */
export function overload<A extends readonly Value[]>(
  name: string,
  signature: Signature,
  call: (args: A, context: CallContext) => Value,
): Overload {
  const { params, result, member = false, cost, checkLiterals } = signature;
  return {
    name,
    member,
    params,
    result,
    cost,
    checkLiterals,
    call: call as unknown as Overload['call'],
  };
}

export function method<A extends readonly Value[]>(
  name: string,
  signature: Signature,
  call: (args: A, context: CallContext) => Value,
): Overload {
  return overload(name, { ...signature, member: true }, call);
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

export function tableOf(...libraries: readonly (readonly Overload[])[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const row of libraries.flat()) {
    const rows = table.get(row.name);
    if (rows) rows.push(row);
    else table.set(row.name, [row]);
  }
  return table;
}

/** Whether the value has the type, as far as can be seen without looking into it. */
export function hasType(value: Value, type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'int':
      return typeof value === 'bigint';
    case 'double':
      return typeof value === 'number';
    case 'uint':
      return value instanceof Uint;
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null':
      return value === null;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'list':
      return value instanceof ListValue;
    case 'map':
      return value instanceof MapValue;
    case 'object':
      return value instanceof MapValue;
    case 'optional':
      return value instanceof Optional;
    case 'opaque':
      return value instanceof Opaque && value.typeName === type.name;
    case 'type':
      return typeNameOf(value) === 'type';
  }
}

/** The overloads that a call with arguments of these types can mean. */
export function matching(rows: readonly Overload[], member: boolean, types: readonly CelType[]): Overload[] {
  return rows.filter((row) => {
    if (row.member !== member || row.params.length !== types.length) return false;
    const known = new Map<string, CelType>();
    return row.params.every((type, index) => {
      const given = types[index];
      return given !== undefined && assignable(type, given, known);
    });
  });
}
