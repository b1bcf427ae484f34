import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import type { Node } from '../../api/types/core.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { toggle } from '../flags.ts';
import {
  amountsOf,
  amountText,
  checked,
  GROUP,
  printRows,
  readMetrics,
  shareText,
  sortedBy,
  topFlags,
  type Amounts,
  type Quantities,
} from './usage.ts';

interface NodeMetrics {
  readonly metadata: { readonly name: string };
  readonly usage: Quantities;
}

/** What a node has of something; undefined when it does not say. */
type Room = Readonly<Record<keyof Amounts, number | undefined>>;

const UNKNOWN = '<unknown>';
const USAGE = 'node [NAME | -l label]';

export const nodes = defineCommand({
  summary: 'Display resource (CPU/memory) usage of nodes',
  usage: '[NAME | -l label]',
  flags: {
    ...topFlags,
    showCapacity: toggle('Print shares of the capacity instead of what is allocatable'),
  },
  async run({ args, flags, session }) {
    const name = checked(args, USAGE, flags);
    if (name !== undefined && flags.selector) throw new CommandError('only one of NAME or --selector can be provided');
    const client = await session.client();
    const query = { labelSelector: flags.selector };
    const metrics = await readMetrics<NodeMetrics>(session, `${GROUP}/nodes`, name, query);
    if (metrics.length === 0) throw new CommandError('metrics not available yet');
    const all =
      name === undefined
        ? (await client.list<Node>('/api/v1/nodes', { query })).items
        : [await client.get<Node>(`/api/v1/nodes/${encodeURIComponent(name)}`)];
    const rooms = new Map(all.map((node) => [node.metadata.name ?? '', roomOf(node, flags.showCapacity)]));
    const measured = [...(['cpu', 'memory'] as const), ...(flags.showSwap ? (['swap'] as const) : [])];
    const rows = metrics.map(({ metadata, usage }) => ({ key: metadata.name, amounts: amountsOf(usage) }));
    const cells = sortedBy(rows, flags.sortBy).map(({ key, amounts }) => {
      const room = rooms.get(key);
      const pairs = measured.map((what) => {
        const total = room?.[what];
        if (total === undefined) return what === 'swap' ? [UNKNOWN, UNKNOWN] : [amountText(what, amounts)];
        return [amountText(what, amounts), shareText(amounts[what], total)];
      });
      return [key, ...pairs.flat()];
    });
    const silent = [...rooms.keys()].filter((key) => !rows.some((row) => row.key === key));
    const unknown = silent.map((key) => [key, ...measured.flatMap(() => [UNKNOWN, UNKNOWN])]);
    const swap = flags.showSwap ? ['SWAP(bytes)', 'SWAP(%)'] : [];
    const heads = flags.noHeaders ? [] : [['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)', ...swap]];
    printRows([...heads, ...cells, ...unknown], session);
  },
});

function roomOf({ status }: Node, isCapacity: boolean): Room {
  const quantities = (isCapacity ? status?.capacity : status?.allocatable) ?? {};
  const { cpu, memory } = quantities;
  return {
    cpu: cpu === undefined ? undefined : milliOf(cpu),
    memory: memory === undefined ? undefined : bytesOf(memory),
    swap: status?.nodeInfo?.swap?.capacity,
  };
}
