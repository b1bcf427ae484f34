import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import type { Node } from '../../api/types/core.v1.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { aligned } from '../print/align.ts';
import type { Session } from '../session.ts';
import { ApiError } from '../../lib/client/errors.ts';
import type { Query } from '../../lib/client/rest.ts';

const GROUP = '/apis/metrics.k8s.io/v1beta1';
const NOT_FOUND = 404;
const UNAVAILABLE = 503;
const MEBIBYTE = 1024 * 1024;

interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

interface NodeMetrics {
  readonly metadata: { readonly name: string };
  readonly usage: Usage;
}

interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}

/** Thousandths of a core, and bytes. */
interface Row {
  readonly names: readonly string[];
  readonly cpu: number;
  readonly memory: number;
}

const common = {
  noHeaders: toggle('If present, print output without headers'),
  selector: text('Selector (label query) to filter on', { short: 'l' }),
  sortBy: text("If non-empty, sort using 'cpu' or 'memory'"),
};

const node = defineCommand({
  summary: 'Display resource (CPU/memory) usage of nodes',
  usage: '[NAME | -l label]',
  flags: common,
  async run({ args, flags, session }) {
    const client = await session.client();
    const query = { labelSelector: flags.selector };
    const [metrics, nodes] = await Promise.all([
      readMetrics<NodeMetrics>(session, `${GROUP}/nodes`, query),
      client.list<Node>('/api/v1/nodes', { query }),
    ]);
    const rows = metrics.items
      .filter(({ metadata }) => args.length === 0 || args.includes(metadata.name))
      .map(({ metadata, usage }) => ({
        names: [metadata.name],
        cpu: milliOf(usage.cpu),
        memory: bytesOf(usage.memory),
      }));
    requireFound(args, rows);
    if (rows.length === 0) throw new CommandError('metrics not available yet');
    const shares = (row: Row): string[] => {
      const room = nodes.items.find(({ metadata }) => metadata.name === row.names[0])?.status?.allocatable ?? {};
      const share = (used: number, total: number): string =>
        total > 0 ? `${Math.trunc((used / total) * 100)}%` : '<unknown>';
      const cpu = share(row.cpu, milliOf(room['cpu'] ?? '0'));
      return [cpuText(row), cpu, memoryText(row), share(row.memory, bytesOf(room['memory'] ?? '0'))];
    };
    const cells = sorted(rows, flags.sortBy).map((row) => [...row.names, ...shares(row)]);
    const heads = flags.noHeaders ? [] : [['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)']];
    for (const line of aligned([...heads, ...cells])) session.print(line);
  },
});

const pod = defineCommand({
  summary: 'Display resource (CPU/memory) usage of pods',
  usage: '[NAME | -l label]',
  flags: {
    ...common,
    allNamespaces: toggle('If present, list the requested object(s) across all namespaces', { short: 'A' }),
    containers: toggle('If present, print usage of containers within a pod'),
  },
  async run({ args, flags, session }) {
    const namespace = await session.namespace();
    const path = flags.allNamespaces ? `${GROUP}/pods` : `${GROUP}/namespaces/${namespace}/pods`;
    const { items } = await readMetrics<PodMetrics>(session, path, { labelSelector: flags.selector });
    const chosen = items.filter(({ metadata }) => args.length === 0 || args.includes(metadata.name));
    const rows = chosen.flatMap((each) => (flags.containers ? containerRows(each) : [podRow(each)]));
    requireFound(args, rows);
    if (rows.length === 0)
      return session.warn(`No resources found${flags.allNamespaces ? '' : ` in ${namespace} namespace.`}`);
    const names = (row: Row): readonly string[] => (flags.allNamespaces ? row.names : row.names.slice(1));
    const cells = sorted(rows, flags.sortBy).map((row) => [...names(row), cpuText(row), memoryText(row)]);
    const head = [
      ...(flags.allNamespaces ? ['NAMESPACE'] : []),
      ...(flags.containers ? ['POD', 'NAME'] : ['NAME']),
      'CPU(cores)',
      'MEMORY(bytes)',
    ];
    for (const line of aligned([...(flags.noHeaders ? [] : [head]), ...cells])) session.print(line);
  },
});

/** Throws CommandError when the server has no metrics at all. */
async function readMetrics<T>(session: Session, path: string, query: Query): Promise<{ items: T[] }> {
  try {
    return await (await session.client()).get<{ items: T[] }>(path, { query });
  } catch (error) {
    const isAbsent = error instanceof ApiError && [NOT_FOUND, UNAVAILABLE].includes(error.code);
    throw isAbsent ? new CommandError('Metrics API not available') : error;
  }
}

function podRow({ metadata, containers }: PodMetrics): Row {
  const cpu = containers.reduce((sum, { usage }) => sum + milliOf(usage.cpu), 0);
  const memory = containers.reduce((sum, { usage }) => sum + bytesOf(usage.memory), 0);
  return { names: [metadata.namespace, metadata.name], cpu, memory };
}

function containerRows({ metadata, containers }: PodMetrics): Row[] {
  return containers.map(({ name, usage }) => ({
    names: [metadata.namespace, metadata.name, name],
    cpu: milliOf(usage.cpu),
    memory: bytesOf(usage.memory),
  }));
}

function requireFound(args: readonly string[], rows: readonly Row[]): void {
  const missing = args.find((name) => !rows.some(({ names }) => names.includes(name)));
  if (missing !== undefined) throw new CommandError(`metrics not available for "${missing}"`);
}

function sorted(rows: readonly Row[], by: string | undefined): readonly Row[] {
  if (by === undefined) return rows.toSorted((a, b) => (a.names.join('/') < b.names.join('/') ? -1 : 1));
  if (by !== 'cpu' && by !== 'memory') throw new CommandError(`--sort-by accepts only cpu or memory`);
  return rows.toSorted((a, b) => b[by] - a[by]);
}

function cpuText({ cpu }: Row): string {
  return `${Math.ceil(cpu)}m`;
}

function memoryText({ memory }: Row): string {
  return `${Math.trunc(memory / MEBIBYTE)}Mi`;
}

export const command: CommandModule = {
  summary: 'Display resource (CPU/memory) usage',
  usage: '(node|pod) [NAME]',
  subcommands: { node, nodes: node, no: node, pod, pods: pod, po: pod },
};
