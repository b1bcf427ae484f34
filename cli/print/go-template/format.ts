/** `printf` of Go templates. */
import { kindOf, textOf, type Value } from './values.ts';

/** Wider would only be a way to fill memory. */
const MAX_WIDTH = 1000;

/** Verbs v, s, q, d, f, g, e, x, t and %, with the flags -, 0 and +, a width and a precision. */
export function formatted(format: string, values: readonly Value[]): string {
  let used = 0;
  const text = format.replaceAll(
    /%([-+0 ]*)(\d*)(?:\.(\d*))?([A-Za-z%])/g,
    (_whole, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (used >= values.length) return `%!${verb}(MISSING)`;
      const value = values[used++];
      const shown = one(verb, value, precision === undefined ? undefined : bounded(precision));
      const signed = flags.includes('+') && /^\d/.test(shown) && 'dfeg'.includes(verb) ? `+${shown}` : shown;
      return padded(signed, flags, bounded(width));
    },
  );
  const extra = values.slice(used).map((value) => `${kindOf(value)}=${textOf(value, '<nil>')}`);
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text;
}

function bounded(digits: string): number {
  return Math.min(Number(digits), MAX_WIDTH);
}

function one(verb: string, value: Value, precision: number | undefined): string {
  const wrong = `%!${verb}(${kindOf(value)}=${textOf(value, '<nil>')})`;
  switch (verb) {
    case 'v':
      return textOf(value, '<nil>');
    case 's':
      return typeof value === 'string' ? Array.from(value).slice(0, precision).join('') : wrong;
    case 'q':
      return typeof value === 'string' ? JSON.stringify(value) : wrong;
    case 't':
      return typeof value === 'boolean' ? String(value) : wrong;
    case 'd':
      return typeof value === 'bigint' ? String(value) : wrong;
    case 'x':
      if (typeof value === 'bigint') return value.toString(16);
      return typeof value === 'string' ? Buffer.from(value).toString('hex') : wrong;
    case 'f':
      return typeof value === 'number' ? value.toFixed(Math.min(precision ?? 6, 100)) : wrong;
    case 'e':
      return typeof value === 'number' ? exponential(value, precision ?? 6) : wrong;
    case 'g':
      return typeof value === 'number' ? textOf(value) : wrong;
    default:
      return wrong;
  }
}

function exponential(value: number, precision: number): string {
  return value
    .toExponential(Math.min(precision, 100))
    .replace(/e([+-])(\d)$/, (_whole, sign: string, digit: string) => `e${sign}0${digit}`);
}

function padded(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return `${sign}${text.slice(sign.length).padStart(width - sign.length, '0')}`;
}
