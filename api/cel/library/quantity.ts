/** Amounts such as `1500m` or `2Gi`. */
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  QuantityError,
  subtractQuantities,
  toNumber,
} from '../../machinery/quantity.ts';
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, DOUBLE, INT, opaque, STRING } from '../types.ts';
import { Opaque, sizeOf, type Value } from '../values.ts';

export const QUANTITY = opaque('kubernetes.Quantity');
const MAX_INT = 2n ** 63n - 1n;
const NANO = 1_000_000_000n;

class QuantityValue extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  equals(other: Opaque): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0;
  }
}

function parsed(text: string): QuantityValue | QuantityError {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return error;
    throw error;
  }
}

function quantity(text: string): QuantityValue {
  const value = parsed(text);
  if (value instanceof QuantityError) throw new EvaluationError(value.message);
  return value;
}

function fromInteger(value: bigint): Quantity {
  return parseQuantity(String(value));
}

/** The integer it is; undefined for a fraction or what no int holds. */
function integerOf({ quantity: amount }: QuantityValue): bigint | undefined {
  if (amount.nanos % NANO !== 0n) return undefined;
  const value = amount.nanos / NANO;
  return value > MAX_INT || value < -MAX_INT - 1n ? undefined : value;
}

function asInteger(value: QuantityValue): bigint {
  const integer = integerOf(value);
  if (integer === undefined) throw new EvaluationError('cannot convert value to integer');
  return integer;
}

function traversal([text]: readonly Value[]): number {
  return Math.max(1, Math.ceil(sizeOf(text) * 0.1));
}

type One = [QuantityValue];
type Two = [QuantityValue, QuantityValue];
const ONE = [QUANTITY];
const TWO = [QUANTITY, QUANTITY];

export const quantityLibrary: readonly Overload[] = [
  overload<[string]>('quantity', { params: [STRING], result: QUANTITY, cost: traversal }, ([text]) => quantity(text)),
  overload<[string]>('isQuantity', { params: [STRING], result: BOOL, cost: traversal }, ([text]) => {
    return parsed(text) instanceof QuantityValue;
  }),
  method<One>('sign', { params: ONE, result: INT }, ([a]) => BigInt(compareQuantities(a.quantity, fromInteger(0n)))),
  method<Two>(
    'isGreaterThan',
    { params: TWO, result: BOOL },
    ([a, b]) => compareQuantities(a.quantity, b.quantity) > 0,
  ),
  method<Two>('isLessThan', { params: TWO, result: BOOL }, ([a, b]) => compareQuantities(a.quantity, b.quantity) < 0),
  method<Two>('compareTo', { params: TWO, result: INT }, ([a, b]) => BigInt(compareQuantities(a.quantity, b.quantity))),
  method<One>('asApproximateFloat', { params: ONE, result: DOUBLE }, ([a]) => toNumber(a.quantity)),
  method<One>('asInteger', { params: ONE, result: INT }, ([a]) => asInteger(a)),
  method<One>('isInteger', { params: ONE, result: BOOL }, ([a]) => integerOf(a) !== undefined),
  method<Two>(
    'add',
    { params: TWO, result: QUANTITY },
    ([a, b]) => new QuantityValue(addQuantities(a.quantity, b.quantity)),
  ),
  method<[QuantityValue, bigint]>('add', { params: [QUANTITY, INT], result: QUANTITY }, ([a, b]) => {
    return new QuantityValue(addQuantities(a.quantity, fromInteger(b)));
  }),
  method<Two>('sub', { params: TWO, result: QUANTITY }, ([a, b]) => {
    return new QuantityValue(subtractQuantities(a.quantity, b.quantity));
  }),
  method<[QuantityValue, bigint]>('sub', { params: [QUANTITY, INT], result: QUANTITY }, ([a, b]) => {
    return new QuantityValue(subtractQuantities(a.quantity, fromInteger(b)));
  }),
];
