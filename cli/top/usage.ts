/** What the metrics API says is used, and how `top` shows it. */
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import { ApiError } from '../../lib/client/errors.ts';
import type { Query } from '../../lib/client/rest.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { aligned } from '../print/align.ts';
import type { Session } from '../session.ts';

export const GROUP = '/apis/metrics.k8s.io/v1beta1';
const NOT_FOUND = 404;
const UNAVAILABLE = 503;
const MEBIBYTE = 1024 * 1024;

export type Quantities = Readonly<Record<string, string>>;
export type Measured = 'cpu' | 'memory' | 'swap';
/** Thousandths of a core, and bytes. */
export type Amounts = Readonly<Record<Measured, number>>;

export const topFlags = {
  noHeaders: toggle('If present, print output without headers'),
  selector: text('Selector (label query) to filter on', { short: 'l' }),
  sortBy: text("If non-empty, sort using 'cpu' or 'memory'"),
  showSwap: toggle('Print what of swap memory is used'),
  useProtocolBuffers: toggle('Kept for scripts: metrics are read as JSON', { fallback: true }),
};

export const NOTHING: Amounts = { cpu: 0, memory: 0, swap: 0 };

export function amountsOf(usage: Quantities): Amounts {
  return {
    cpu: milliOf(usage['cpu'] ?? '0'),
    memory: bytesOf(usage['memory'] ?? '0'),
    swap: bytesOf(usage['swap'] ?? '0'),
  };
}

export function sum(all: readonly Amounts[]): Amounts {
  const add = (a: Amounts, b: Amounts): Amounts => ({
    cpu: a.cpu + b.cpu,
    memory: a.memory + b.memory,
    swap: a.swap + b.swap,
  });
  return all.reduce(add, NOTHING);
}

export function amountText(measured: Measured, { [measured]: amount }: Amounts): string {
  return measured === 'cpu' ? `${Math.ceil(amount)}m` : `${Math.trunc(amount / MEBIBYTE)}Mi`;
}

/** Whole percents. */
export function shareText(used: number, total: number): string {
  return `${total > 0 ? Math.trunc((used / total) * 100) : 0}%`;
}

/** By name, or the largest first. */
export function sortedBy<T extends { readonly key: string; readonly amounts: Amounts }>(
  rows: readonly T[],
  by: string | undefined,
): readonly T[] {
  if (!by) return rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const measured = by === 'cpu' ? 'cpu' : 'memory';
  return rows.toSorted((a, b) => b.amounts[measured] - a.amounts[measured]);
}

/** The one name that may be given. Throws CommandError. */
export function checked(
  args: readonly string[],
  usage: string,
  { sortBy }: { readonly sortBy: string | undefined },
): string | undefined {
  if (args.length > 1) {
    const verb = usage.split(' ', 1)[0];
    throw new CommandError(`${usage}\nSee 'dure top ${verb} -h' for help and examples`);
  }
  if (sortBy && sortBy !== 'cpu' && sortBy !== 'memory') throw new CommandError('--sort-by accepts only cpu or memory');
  return args[0];
}

/** One by its name, or all that are selected. Throws CommandError when the server has no metrics at all. */
export async function readMetrics<T>(
  session: Session,
  path: string,
  name: string | undefined,
  query: Query,
): Promise<readonly T[]> {
  const client = await session.client();
  try {
    if (name === undefined) return (await client.get<{ items: T[] }>(path, { query })).items;
    return [await client.get<T>(`${path}/${encodeURIComponent(name)}`)];
  } catch (error) {
    throw isWithoutMetrics(error) ? new CommandError('Metrics API not available') : error;
  }
}

/** One that is not there is told by its name. */
function isWithoutMetrics(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.code === UNAVAILABLE || (error.code === NOT_FOUND && !error.status.details?.name);
}

/** Every cell is padded, the last one too. */
export function printRows(rows: readonly (readonly string[])[], session: Session): void {
  for (const line of aligned(rows.map((row) => [...row, '']))) session.print(line);
}
