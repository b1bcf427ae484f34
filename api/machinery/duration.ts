/** Durations as Go writes them: `1h0m0s`, `1.5s`, `300ms`. In nanoseconds, exact within 2^53 (104 days). */

const UNITS = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 6e10],
  ['h', 3.6e12],
]);
const MAX_LENGTH = 64;

/** NaN for text that is no duration. */
export function parseDuration(text: string): number {
  if (text.length > MAX_LENGTH) return Number.NaN;
  if (/^[+-]?0$/.test(text)) return 0;
  const unsigned = text.replace(/^[+-]/, '');
  const parts = [...unsigned.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  const isWhole = parts.map(([part]) => part).join('') === unsigned;
  if (parts.length === 0 || !isWhole) return Number.NaN;
  let total = 0;
  for (const [, amount, unit] of parts) total += Number(amount) * (UNITS.get(unit ?? '') ?? Number.NaN);
  return Math.round(text.startsWith('-') ? -total : total);
}

export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  const sign = nanoseconds < 0 ? '-' : '';
  const magnitude = Math.abs(nanoseconds);
  if (magnitude < 1e3) return `${sign}${magnitude}ns`;
  if (magnitude < 1e6) return `${sign}${magnitude / 1e3}µs`;
  if (magnitude < 1e9) return `${sign}${magnitude / 1e6}ms`;
  const hours = Math.floor(magnitude / 3.6e12);
  const minutes = Math.floor((magnitude % 3.6e12) / 6e10);
  const seconds = decimalSeconds(magnitude % 6e10);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

function decimalSeconds(nanoseconds: number): string {
  const whole = Math.floor(nanoseconds / 1e9);
  const fraction = String(nanoseconds % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}
