/** A value that is a number, or a share of something in per cent (`25%`). */

export type IntOrString = number | string;

const PERCENT = /^([+-]?\d+)%$/;

/** `total` is what a percentage is of. Throws RangeError for text that is no percentage. */
export function scaledValue(value: IntOrString, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const exact = (percentOf(value) * total) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

function percentOf(text: string): number {
  const match = PERCENT.exec(text);
  if (match) return Number(match[1]);
  if (!text.endsWith('%'))
    throw new RangeError('invalid value for IntOrString: invalid type: string is not a percentage');
  throw new RangeError(`invalid value for IntOrString: invalid value "${text}": not a whole number before '%'`);
}

export function isPercent(value: IntOrString): value is string {
  return typeof value === 'string' && PERCENT.test(value);
}
