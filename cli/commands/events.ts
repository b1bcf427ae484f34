import type { Event } from '../../api/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import { watch } from '../../lib/client/watch.ts';
import { defineCommand } from '../command.ts';
import { apiVersionOf } from '../discovery.ts';
import { lastSeen, timesSeen } from '../describe/common.ts';
import { CommandError } from '../errors.ts';
import { list, text, toggle } from '../flags.ts';
import { aligned } from '../print/align.ts';
import { formatOf, templateFlags } from '../print/flags.ts';
import { printerFor } from '../print/printer.ts';
import { parseOne } from '../targets.ts';

export const command = defineCommand({
  summary: 'List events, the newest last',
  usage: '[(-o|--output=)json|yaml|…] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]',
  examples: ['dure events', 'dure events --for pod/web --watch', 'dure events --types=Warning -A'],
  flags: {
    allNamespaces: toggle('If present, list the requested object(s) across all namespaces', { short: 'A' }),
    for: text('Filter events to only those pertaining to the specified resource'),
    noHeaders: toggle("When using the default output format, don't print headers"),
    output: text('Output format: json, yaml, name, jsonpath=…', { short: 'o' }),
    ...templateFlags,
    showManagedFields: toggle('If true, keep the managedFields when printing objects in JSON or YAML format'),
    types: list('Output only events of given types'),
    watch: toggle('After listing the requested events, watch for more events', { short: 'w' }),
  },
  async run({ args, flags, session }) {
    if (args.length > 0) throw new CommandError(`unexpected arguments: [${args.join(' ')}]`);
    for (const type of flags.types)
      if (!['normal', 'warning'].includes(type.toLowerCase()))
        throw new CommandError('valid --types are Normal or Warning');
    const namespace = await session.namespace();
    const path = flags.allNamespaces ? '/api/v1/events' : `/api/v1/namespaces/${namespace}/events`;
    const wanted = new Set(flags.types.map((type) => type.toLowerCase()));
    const isWanted = ({ type = '' }: Event): boolean => wanted.size === 0 || wanted.has(type.toLowerCase());
    const target = flags.for === undefined ? undefined : await parseOne([flags.for], session);
    const fieldSelector =
      target &&
      [`kind=${target.resource.kind}`, `apiVersion=${apiVersionOf(target.resource)}`, `name=${target.name}`]
        .map((part) => `involvedObject.${part}`)
        .join(',');
    const client = await session.client();
    const found = await client.list<Event>(path, { query: { fieldSelector } });
    const events = found.items.filter(isWanted).toSorted((a, b) => lastSeen(a) - lastSeen(b));
    if (events.length === 0 && !flags.watch)
      return session.warn(flags.allNamespaces ? 'No events found.' : `No events found in ${namespace} namespace.`);
    const format = formatOf(flags);
    if (format !== undefined) {
      const printer = await printerFor(format, flags);
      const items = events.map((event) => ({ ...event, apiVersion: 'v1', kind: 'Event' }));
      return session.write(printer.print({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items }));
    }
    const rowOf = (event: Event): string[] => [
      ...(flags.allNamespaces ? [event.metadata.namespace ?? ''] : []),
      ...cellsOf(event, session.world.clock.date()),
    ];
    const heads = [...(flags.allNamespaces ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
    const rows = events.map(rowOf);
    for (const line of aligned(flags.noHeaders ? rows : [heads, ...rows])) session.print(line);
    if (!flags.watch) return;
    const interrupted = new AbortController();
    const release = session.world.onInterrupt(() => interrupted.abort());
    try {
      const query = { fieldSelector, resourceVersion: found.metadata.resourceVersion ?? '' };
      for await (const { type, object } of watch<Event>(client, path, { query, signal: interrupted.signal })) {
        if ((type === 'ADDED' || type === 'MODIFIED') && isWanted(object)) session.print(rowOf(object).join('   '));
      }
    } catch (error) {
      if (!interrupted.signal.aborted) throw error;
    } finally {
      release();
    }
  },
});

function cellsOf(event: Event, now: Date): string[] {
  const { type = '', reason = '', involvedObject, message = '' } = event;
  const time = (milliseconds: number): string => since(new Date(milliseconds).toISOString(), now);
  const count = timesSeen(event);
  const last = lastSeen(event);
  const first = Date.parse(event.firstTimestamp ?? event.eventTime ?? '') || last;
  const seen = last === 0 ? '<unknown>' : count > 1 ? `${time(last)} (x${count} over ${time(first)})` : time(first);
  return [seen, type, reason, `${involvedObject.kind}/${involvedObject.name}`, message.trim()];
}
