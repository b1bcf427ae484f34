import type { Pod } from '../../api/types/core.v1.ts';
import { formatDuration } from '../../api/machinery/duration.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import type { Session } from '../session.ts';
import {
  amountsOf,
  amountText,
  checked,
  GROUP,
  printRows,
  readMetrics,
  sortedBy,
  sum,
  topFlags,
  type Amounts,
  type Measured,
  type Quantities,
} from './usage.ts';

interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly containers: readonly { readonly name: string; readonly usage: Quantities }[];
}

const USAGE = 'pod [NAME | -l label]';
/** So long a pod may be without metrics. */
const DELAY_MILLISECONDS = 120_000;
const BAR = '________';

export const pods = defineCommand({
  summary: 'Display resource (CPU/memory) usage of pods',
  usage: '[NAME | -l label]',
  flags: {
    ...topFlags,
    allNamespaces: toggle('If present, list the requested object(s) across all namespaces', { short: 'A' }),
    containers: toggle('If present, print usage of containers within a pod'),
    fieldSelector: text('Selector (field query) to filter on'),
    sum: toggle('Print the sum of the resource usage'),
  },
  async run({ args, flags, session }) {
    const name = checked(args, USAGE, flags);
    if (name !== undefined && (flags.selector || flags.fieldSelector)) {
      throw new CommandError('only one of NAME or selector can be provided');
    }
    const namespace = await session.namespace();
    const scope = flags.allNamespaces ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    const all = await readMetrics<PodMetrics>(session, `${GROUP}${scope}/pods`, name, {
      labelSelector: flags.selector,
    });
    const chosen = all.length > 0 && flags.fieldSelector ? await selected(all, scope, flags, session) : all;
    if (chosen.length === 0) {
      await requireNoneExpected(scope, flags, session);
      return session.warn(`No resources found${flags.allNamespaces ? '' : ` in ${namespace} namespace.`}`);
    }
    printRows(table(chosen, flags), session);
  },
});

interface Shown {
  readonly allNamespaces: boolean;
  readonly containers: boolean;
  readonly noHeaders: boolean;
  readonly showSwap: boolean;
  readonly sortBy: string | undefined;
  readonly sum: boolean;
}

function table(metrics: readonly PodMetrics[], flags: Shown): string[][] {
  const measured: Measured[] = ['cpu', 'memory', ...(flags.showSwap ? (['swap'] as const) : [])];
  const texts = (amounts: Amounts): string[] => measured.map((what) => amountText(what, amounts));
  const each = metrics.map(({ metadata: { namespace, name }, containers }) => ({
    key: flags.allNamespaces ? `${namespace}/${name}` : name,
    names: [...(flags.allNamespaces ? [namespace] : []), name],
    amounts: sum(containers.map(({ usage }) => amountsOf(usage))),
    containers: containers.map(({ name: key, usage }) => ({ key, amounts: amountsOf(usage) })),
  }));
  const rows = sortedBy(each, flags.sortBy).flatMap(({ names, amounts, containers }) =>
    flags.containers
      ? sortedBy(containers, flags.sortBy).map((inner) => [...names, inner.key, ...texts(inner.amounts)])
      : [[...names, ...texts(amounts)]],
  );
  const columns = ['NAME', 'CPU(cores)', 'MEMORY(bytes)', ...(flags.showSwap ? ['SWAP(bytes)'] : [])];
  const head = [...(flags.allNamespaces ? ['NAMESPACE'] : []), ...(flags.containers ? ['POD'] : []), ...columns];
  // Without heads kubectl forgets the columns before the name.
  const width = flags.noHeaders ? columns.length : head.length;
  const total = texts(sum(each.map(({ amounts }) => amounts)));
  const foot = [
    [...Array.from({ length: width - 2 }, () => ''), BAR, BAR],
    [...Array.from({ length: width - 3 }, () => ''), '', ...total],
  ];
  return [...(flags.noHeaders ? [] : [head]), ...rows, ...(flags.sum ? foot : [])];
}

interface Selecting {
  readonly selector: string | undefined;
  readonly fieldSelector: string | undefined;
}

async function podsIn(scope: string, flags: Selecting, session: Session): Promise<readonly Pod[]> {
  const query = { labelSelector: flags.selector, fieldSelector: flags.fieldSelector };
  return (await (await session.client()).list<Pod>(`/api/v1${scope}/pods`, { query })).items;
}

/** Metrics know no fields of pods: the pods are asked. */
async function selected(
  metrics: readonly PodMetrics[],
  scope: string,
  flags: Selecting,
  session: Session,
): Promise<readonly PodMetrics[]> {
  const keyOf = ({ metadata: { namespace = '', name = '' } }: Pick<Pod, 'metadata'>): string => `${namespace}/${name}`;
  const keys = new Set((await podsIn(scope, flags, session)).map(keyOf));
  return metrics.filter((each) => keys.has(keyOf(each)));
}

/** Throws CommandError when there are pods that should have metrics, or will have them. */
async function requireNoneExpected(scope: string, flags: Selecting, session: Session): Promise<void> {
  const expected = await podsIn(scope, flags, session);
  const now = session.world.clock.date().getTime();
  for (const { metadata } of expected) {
    const age = now - Date.parse(metadata.creationTimestamp ?? '');
    if (age > DELAY_MILLISECONDS) {
      const words = formatDuration(age * 1e6);
      throw new CommandError(`Metrics not available for pod ${metadata.namespace}/${metadata.name}, age: ${words}`);
    }
  }
  if (expected.length > 0) throw new CommandError('metrics not available yet');
}
