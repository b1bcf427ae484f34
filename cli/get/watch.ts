/** `get --watch`: what is there, then each change. On a terminal the rows change in place. */
import type { KubeObject } from '../../api/object.ts';
import { watch, type WatchEvent } from '../../lib/client/watch.ts';
import type { GetFlags } from './flags.ts';
import { CommandError } from '../errors.ts';
import { TABLE_TYPE, type Table } from '../print/table.ts';
import { formatOf } from '../print/flags.ts';
import { printerFor } from '../print/printer.ts';
import type { Session } from '../session.ts';
import type { Target } from '../targets.ts';
import { selectionOf } from './query.ts';
import { collectionPath } from '../discovery.ts';
import { LiveTable, PlainTable, type WatchedTable } from './watched-table.ts';
import { optionsFor } from './tables.ts';

/** Resolves when the server ends the watch, or the user does. */
export async function watchTargets(targets: readonly Target[], flags: GetFlags, session: Session): Promise<number> {
  const [target] = targets;
  if (!target || targets.length > 1) throw new CommandError('you may only specify a single resource type');
  const stopping = new AbortController();
  const release = session.world.onInterrupt(() => stopping.abort(new Error('interrupted')));
  try {
    const isTable = [undefined, 'wide'].includes(formatOf(flags));
    await (isTable ? watchTable : watchObjects)(target, flags, session, stopping.signal);
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    throw error;
  } finally {
    release();
  }
}

interface Place {
  readonly path: string;
  readonly query: Record<string, string>;
}

/** One object is watched as the collection in which only it counts. */
function placeOf(target: Target, flags: GetFlags): Place {
  const query = selectionOf(flags) as Record<string, string>;
  const path = collectionPath(target.resource, target.namespace);
  return target.name === undefined
    ? { path, query }
    : { path, query: { ...query, fieldSelector: `metadata.name=${target.name}` } };
}

async function watchTable(target: Target, flags: GetFlags, session: Session, signal: AbortSignal): Promise<void> {
  const client = await session.client();
  const { path, query } = placeOf(target, flags);
  const accept = TABLE_TYPE;
  const first = await client.get<Table>(path, { accept, query, signal });
  if (target.name !== undefined && first.rows.length === 0) await client.get(`${path}/${target.name}`);
  const options = optionsFor(target, flags, flags.showKind);
  const heads = { columns: first.columnDefinitions, options, noHeaders: flags.noHeaders };
  const isLive = session.world.stdout.isTTY === true && !flags.watchOnly && !flags.outputWatchEvents;
  const table: WatchedTable = isLive
    ? new LiveTable({ ...heads, output: session.world.stdout })
    : new PlainTable({ ...heads, output: session.world.stdout, withEvents: flags.outputWatchEvents });
  if (!flags.watchOnly) table.begin(first.rows);
  const resourceVersion = first.metadata.resourceVersion ?? '';
  for await (const { type, object } of watch<Table & KubeObject>(client, path, {
    accept,
    query: { ...query, resourceVersion },
    signal,
  })) {
    if (type !== 'BOOKMARK') for (const row of object.rows) table.change(type, row);
  }
}

async function watchObjects(target: Target, flags: GetFlags, session: Session, signal: AbortSignal): Promise<void> {
  const client = await session.client();
  const printer = await printerFor(formatOf(flags) ?? '', flags);
  const { path, query } = placeOf(target, flags);
  const print = ({ type, object }: Pick<WatchEvent<KubeObject>, 'type' | 'object'>): void =>
    session.write(printer.print(flags.outputWatchEvents ? { type, object } : object));
  const { items, metadata } = await client.list<KubeObject>(path, { query, signal });
  const { kind } = target.resource;
  const apiVersion =
    target.resource.group === '' ? target.resource.version : `${target.resource.group}/${target.resource.version}`;
  if (!flags.watchOnly) for (const object of items) print({ type: 'ADDED', object: { ...object, apiVersion, kind } });
  const resourceVersion = metadata.resourceVersion ?? '';
  for await (const event of watch<KubeObject>(client, path, { query: { ...query, resourceVersion }, signal })) {
    if (event.type !== 'BOOKMARK') print(event);
  }
}
