/** `"...".format([...])` of the strings extension. */
import { EvaluationError } from '../errors.ts';
import type { CallContext } from '../functions.ts';
import { durationText, timestampText } from '../time.ts';
import { Duration, ListValue, MapValue, Timestamp, typeNameOf, TypeValue, Uint, type Value } from '../values.ts';
import { doubleText } from './conversions.ts';

const CLAUSE = /%(?:(%)|(?:\.(\d{1,3}))?([a-zA-Z])|)/g;
const DEFAULT_PRECISION = 6;

export function formatText(template: string, args: ListValue, context: CallContext): string {
  let next = 0;
  const text = template.replaceAll(CLAUSE, (_clause, percent?: string, precision?: string, verb?: string) => {
    if (percent) return '%';
    if (!verb) throw new EvaluationError('could not parse formatting clause: unexpected end of string');
    if (next >= args.size) throw new EvaluationError(`index ${next} out of range`);
    const made = formatted(args.at(next++), verb, precision === undefined ? undefined : Number(precision));
    context.charge(Math.ceil(made.length * 0.1));
    return made;
  });
  context.charge(Math.ceil(text.length * 0.1));
  return text;
}

function formatted(value: Value, verb: string, precision: number | undefined): string {
  switch (verb) {
    case 's':
      return plainText(value);
    case 'd':
      return decimal(value);
    case 'f':
      return numberOf(value).toFixed(Math.min(precision ?? DEFAULT_PRECISION, 100));
    case 'e':
      return numberOf(value)
        .toExponential(Math.min(precision ?? DEFAULT_PRECISION, 100))
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integerOf(value, 'b').toString(2);
    case 'o':
      return integerOf(value, 'o').toString(8);
    case 'x':
    case 'X': {
      const text = hexOf(value);
      return verb === 'X' ? text.toUpperCase() : text;
    }
    default:
      throw new EvaluationError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

export function plainText(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return doubleText(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof ListValue) return `[${[...value].map(plainText).join(', ')}]`;
  if (value instanceof MapValue) {
    const entries = [...value.keys()].map((key) => `${plainText(key)}: ${plainText(value.get(key) ?? null)}`);
    return `{${entries.toSorted().join(', ')}}`;
  }
  throw new EvaluationError(`no formatting function for ${typeNameOf(value)}`);
}

function decimal(value: Value): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return doubleText(value);
  return integerOf(value, 'd').toString();
}

function integerOf(value: Value, verb: string): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return value.value;
  throw new EvaluationError(
    `error during formatting: ${verb} clause can only be used on integers, was given ${typeNameOf(value)}`,
  );
}

function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  throw new EvaluationError(
    `error during formatting: fixed-point clause can only be used on doubles, was given ${typeNameOf(value)}`,
  );
}

function hexOf(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return integerOf(value, 'x').toString(16);
}
