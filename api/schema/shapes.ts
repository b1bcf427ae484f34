/** How values that are no structs are decoded: scalars, lists, maps, and the types with an encoding of their own. */
import { formatDuration, parseDuration } from '../machinery/duration.ts';
import { setOwn } from '../machinery/json.ts';
import { canonicalQuantity, QuantityError } from '../machinery/quantity.ts';
import { canonicalMicroTime, canonicalTime } from '../machinery/time.ts';
import { bareMismatch, DecodeError } from './decode-context.ts';
import type { DecodeContext } from './decode-context.ts';
import { SPECIAL } from './table.ts';
import type { Scalar } from './table.ts';

/** One type, compiled. `decode` is never given null or undefined. */
export interface Shape {
  decode(value: unknown, context: DecodeContext): unknown;
  /** What Go writes when nothing was given. */
  zero(): unknown;
  /** Whether `omitempty` leaves the decoded value out; a struct never is. */
  isEmpty(value: unknown): boolean;
}

const INT32_MAX = 2 ** 31 - 1;

function integer(goType: string, min: number, max: number): Shape {
  return {
    decode(value, context) {
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      throw context.mismatch(value, goType, 'numeric');
    },
    zero: () => 0,
    isEmpty: (value) => value === 0,
  };
}

function text(goType: string): Shape {
  return {
    decode(value, context) {
      if (typeof value === 'string') return value;
      throw context.mismatch(value, goType);
    },
    zero: () => '',
    isEmpty: (value) => value === '',
  };
}

function truth(goType: string): Shape {
  return {
    decode(value, context) {
      if (typeof value === 'boolean') return value;
      throw context.mismatch(value, goType);
    },
    zero: () => false,
    isEmpty: (value) => value === false,
  };
}

function double(goType: string): Shape {
  return {
    decode(value, context) {
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      throw context.mismatch(value, goType, 'numeric');
    },
    zero: () => 0,
    isEmpty: (value) => value === 0,
  };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const BYTES: Shape = {
  decode(value, context) {
    if (typeof value !== 'string') throw context.mismatch(value, '[]uint8');
    const compact = /[\r\n]/.test(value) ? value.replaceAll(/[\r\n]/g, '') : value;
    if (compact.length % 4 !== 0 || !BASE64.test(compact))
      throw new DecodeError(`illegal base64 data at input byte ${firstIllegal(compact)}`);
    return compact;
  },
  zero: () => '',
  isEmpty: (value) => value === '',
};

function firstIllegal(base64: string): number {
  const wrong = base64.search(/[^A-Za-z0-9+/]/);
  return wrong < 0 ? base64.length - (base64.length % 4) : wrong;
}

export function scalarShape(type: Scalar, goType: string): Shape {
  switch (type) {
    case 'string':
      return text(goType);
    case 'bytes':
      return BYTES;
    case 'bool':
      return truth(goType);
    case 'int32':
      return integer(goType, -INT32_MAX - 1, INT32_MAX);
    case 'int64':
      // Beyond 2^53 a number would silently become another one.
      return integer(goType, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case 'double':
      return double(goType);
  }
}

const QUANTITY: Shape = {
  decode(value) {
    try {
      return canonicalQuantity(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '');
    } catch (error) {
      if (error instanceof QuantityError) throw new DecodeError(error.message, { cause: error });
      throw error;
    }
  },
  zero: () => '0',
  isEmpty: () => false,
};

const INT_OR_STRING: Shape = {
  decode(value) {
    if (typeof value === 'string') return value;
    const isInt32 =
      typeof value === 'number' && Number.isInteger(value) && value >= -INT32_MAX - 1 && value <= INT32_MAX;
    if (isInt32) return value;
    throw bareMismatch(value, 'int32', 'numeric');
  },
  zero: () => 0,
  isEmpty: (value) => value === 0 || value === '',
};

function time(canonical: (text: string) => string | undefined, layout: string): Shape {
  return {
    decode(value) {
      if (typeof value !== 'string') throw bareMismatch(value, 'string');
      const written = canonical(value);
      if (written !== undefined) return written;
      const quoted = JSON.stringify(value);
      throw new DecodeError(`parsing time ${quoted} as "${layout}": cannot parse ${quoted} as "2006"`);
    },
    zero: () => null,
    isEmpty: (value) => value === null,
  };
}

const DURATION: Shape = {
  decode(value) {
    if (typeof value !== 'string') throw bareMismatch(value, 'string');
    const nanoseconds = parseDuration(value);
    if (Number.isNaN(nanoseconds)) throw new DecodeError(`time: invalid duration ${JSON.stringify(value)}`);
    return formatDuration(nanoseconds);
  },
  zero: () => '0s',
  isEmpty: () => false,
};

/** Kept as it came. */
const ANYTHING: Shape = { decode: (value) => value, zero: () => null, isEmpty: (value) => value === null };

const OBJECT: Shape = {
  decode(value) {
    if (typeof value === 'object' && !Array.isArray(value)) return value;
    throw bareMismatch(value, 'map[string]interface {}');
  },
  zero: () => ({}),
  isEmpty: () => false,
};

export const SPECIAL_SHAPES: ReadonlyMap<string, Shape> = new Map([
  [SPECIAL.quantity, QUANTITY],
  [SPECIAL.intOrString, INT_OR_STRING],
  [SPECIAL.time, time(canonicalTime, '2006-01-02T15:04:05Z07:00')],
  [SPECIAL.microTime, time(canonicalMicroTime, '2006-01-02T15:04:05.000000Z07:00')],
  [SPECIAL.duration, DURATION],
  [SPECIAL.fields, OBJECT],
  [SPECIAL.raw, ANYTHING],
  [SPECIAL.json, ANYTHING],
]);

/** What apiextensions writes as a schema or something simpler in its place. */
export function schemaOr(schema: Shape, isSimpler: (value: unknown) => boolean): Shape {
  return {
    decode(value, context) {
      if (isSimpler(value)) return value;
      if (!Array.isArray(value)) return schema.decode(value, context);
      return listShape(schema, '[]v1.JSONSchemaProps').decode(value, context);
    },
    zero: () => null,
    isEmpty: (value) => value === null,
  };
}

export function listShape(element: Shape, goType: string): Shape {
  return {
    decode(value, context) {
      if (!Array.isArray(value)) throw context.mismatch(value, goType);
      const items: readonly unknown[] = value;
      context.enter(undefined);
      const { path, depth } = context;
      const decoded: unknown[] = [];
      for (let index = 0; index < items.length; index += 1) {
        const item = items[index];
        path[depth - 1] = index;
        decoded.push(item === null || item === undefined ? element.zero() : element.decode(item, context));
      }
      context.depth -= 1;
      return decoded;
    },
    zero: () => [],
    isEmpty: (value) => (value as unknown[]).length === 0,
  };
}

export function mapShape(element: Shape, goType: string): Shape {
  return {
    decode(value, context) {
      if (typeof value !== 'object' || Array.isArray(value)) throw context.mismatch(value, goType);
      context.enter(undefined);
      const { path, depth } = context;
      const decoded: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value as object)) {
        path[depth - 1] = key;
        const result = item === null || item === undefined ? element.zero() : element.decode(item, context);
        setOwn(decoded, key, result);
      }
      context.depth -= 1;
      return decoded;
    },
    zero: () => ({}),
    isEmpty: isEmptyObject,
  };
}

function isEmptyObject(value: unknown): boolean {
  for (const _key in value as object) return false;
  return true;
}
