/** `get` for people: the server's tables, one after the other. */
import type { TableRow } from '../../api/printing/table.ts';
import { ApiError } from '../../lib/client/errors.ts';
import type { Query, RestClient } from '../../lib/client/rest.ts';
import type { GetFlags } from './flags.ts';
import { aligned } from '../print/align.ts';
import { TABLE_TYPE, headCells, isTable, namePrefix, rowCells, type Table, type TableOptions } from '../print/table.ts';
import type { Session } from '../session.ts';
import type { Target } from '../targets.ts';
import { CommandError } from '../errors.ts';
import { nothingFound, selectionOf, targetPath } from './query.ts';

interface Group {
  readonly target: Target;
  readonly table: Table;
}

/** Resolves with what failed; the rest is printed. */
export async function printTables(targets: readonly Target[], flags: GetFlags, session: Session): Promise<unknown[]> {
  const client = await session.client();
  const errors: unknown[] = [];
  const groups: Group[] = [];
  for (const { target, answer } of targets.map((each) => ({
    target: each,
    answer: fetchTable(client, each, flags, session),
  }))) {
    try {
      add(groups, target, await answer);
    } catch (error) {
      if (!(flags.ignoreNotFound && isNotFound(error))) errors.push(error);
    }
  }
  const filled = groups.filter(({ table }) => table.rows.length > 0);
  const withKind = flags.showKind || new Set(targets.map(({ resource }) => resource)).size > 1;
  for (const [at, group] of filled.entries()) {
    if (at > 0) session.print('');
    await printGroup(group, optionsFor(group.target, flags, withKind), flags, session);
  }
  if (filled.length === 0 && errors.length === 0 && !flags.ignoreNotFound) {
    session.warn(nothingFound(targets, flags.allNamespaces));
  }
  return errors;
}

/** Objects of one type that are named one by one stand in one table. */
function add(groups: Group[], target: Target, table: Table): void {
  const last = groups.at(-1);
  if (last && target.name !== undefined && last.target.resource === target.resource)
    last.table.rows.push(...table.rows);
  else groups.push({ target, table });
}

export function optionsFor({ resource }: Target, flags: GetFlags, withKind: boolean): TableOptions {
  return {
    wide: flags.output === 'wide',
    withNamespace: flags.allNamespaces && resource.namespaced,
    showLabels: flags.showLabels,
    labelColumns: flags.labelColumns,
    namePrefix: withKind ? namePrefix(resource) : '',
  };
}

async function printGroup({ table }: Group, options: TableOptions, flags: GetFlags, session: Session): Promise<void> {
  const columns = table.columnDefinitions;
  const rows = flags.sortBy === undefined ? table.rows : await sortedRows(table.rows, flags.sortBy);
  const heads = flags.noHeaders ? [] : [headCells(columns, options)];
  const lines = aligned([...heads, ...rows.map((row) => rowCells(columns, row, options))]);
  session.write(lines.map((line) => `${line}\n`).join(''));
}

async function sortedRows(rows: readonly TableRow[], path: string): Promise<TableRow[]> {
  const { sortedBy } = await import('./sort.ts');
  return sortedBy(rows, path, ({ object }) => object);
}

async function fetchTable(client: RestClient, target: Target, flags: GetFlags, session: Session): Promise<Table> {
  const isList = target.name === undefined;
  const query: Query = {
    ...(isList ? { ...selectionOf(flags), ...(flags.chunkSize > 0 ? { limit: flags.chunkSize } : {}) } : {}),
    ...(flags.sortBy === undefined ? {} : { includeObject: 'Object' }),
  };
  const path = targetPath(target, flags.subresource);
  const read = async (continued?: string): Promise<Table> => {
    const signal = session.requestSignal;
    const answer = await client.get<unknown>(path, {
      accept: TABLE_TYPE,
      query: { ...query, ...(continued === undefined ? {} : { continue: continued }) },
      ...(signal ? { signal } : {}),
    });
    if (!isTable(answer)) throw new CommandError(`the server makes no table of ${target.resource.name}; try -o yaml`);
    return answer;
  };
  const first = await read();
  for (let next = first.metadata.continue; next;) {
    const page = await read(next);
    first.rows.push(...page.rows);
    next = page.metadata.continue;
  }
  return first;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'NotFound';
}
