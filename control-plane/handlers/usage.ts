/** The metrics.k8s.io group: what `kubectl top` reads. Computed, not stored, so it can only be read. */
import { notFound } from '../../api/errors.ts';
import { kinds, type Kind } from '../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import type { Node, Pod } from '../../api/types/core.v1.ts';
import type { NodeMetrics, PodMetrics } from '../../api/types/metrics.v1beta1.ts';
import type { NodeUsage, Usage } from '../../api/streams.ts';
import type { Exchange } from '../http/exchange.ts';
import { writeValue } from '../http/respond.ts';
import type { NodeUsages } from './node-usage.ts';
import type { HandlerOptions } from './port.ts';
import { parseSelection } from './selection.ts';

export const METRICS_GROUP = 'metrics.k8s.io';
export const METRICS_VERSION = 'v1beta1';
const API_VERSION = `${METRICS_GROUP}/${METRICS_VERSION}`;

const ROW = {
  group: METRICS_GROUP,
  version: METRICS_VERSION,
  singular: '',
  shortNames: [],
  categories: [],
  status: false,
  scale: false,
  verbs: ['get', 'list'],
  subresources: [],
};
const TYPES = 'io.k8s.metrics.pkg.apis.metrics.v1beta1';

/** For discovery: kinds that are computed and have no row in the table of what is stored. */
export const USAGE_KINDS: readonly Kind[] = [
  {
    ...ROW,
    kind: 'NodeMetrics',
    listKind: 'NodeMetricsList',
    plural: 'nodes',
    namespaced: false,
    schema: `${TYPES}.NodeMetrics`,
  },
  {
    ...ROW,
    kind: 'PodMetrics',
    listKind: 'PodMetricsList',
    plural: 'pods',
    namespaced: true,
    schema: `${TYPES}.PodMetrics`,
  },
];

export async function nodeMetrics(exchange: Exchange, options: HandlerOptions, usages: NodeUsages): Promise<void> {
  const { view } = options.resources.of(kinds.nodes);
  const name = exchange.info.resource?.name ?? '';
  if (name !== '') {
    const node = view.get(name);
    const usage = node && (await usages.of(name));
    if (!node || !usage) throw notFound(subject('nodes', 'NodeMetrics'), name);
    await writeValue(exchange, options.protobuf, 200, `${TYPES}.NodeMetrics`, metricsOfNode(node, usage));
    return;
  }
  const nodes = selected<Node>(exchange, kinds.nodes, view.list());
  const found = await usages.ofAll(nodes.map((node) => node.metadata.name ?? ''));
  const items = nodes.flatMap((node) => {
    const usage = found.get(node.metadata.name ?? '');
    return usage ? [metricsOfNode(node, usage)] : [];
  });
  await sendList(exchange, options, 'NodeMetricsList', items);
}

export async function podMetrics(exchange: Exchange, options: HandlerOptions, usages: NodeUsages): Promise<void> {
  const { view } = options.resources.of(kinds.pods);
  const { namespace = '', name = '' } = exchange.info.resource ?? {};
  if (name !== '') {
    const pod = view.get(objectKey(namespace, name));
    const usage = pod?.spec.nodeName ? await usages.of(pod.spec.nodeName) : undefined;
    const metrics = pod && usage && metricsOfPod(pod, usage);
    if (!metrics) throw notFound(subject('pods', 'PodMetrics'), `${namespace}/${name}`);
    await writeValue(exchange, options.protobuf, 200, `${TYPES}.PodMetrics`, metrics);
    return;
  }
  const pods = selected<Pod>(exchange, kinds.pods, view.list()).filter(
    ({ metadata }) => namespace === '' || metadata.namespace === namespace,
  );
  const nodeNames = new Set(pods.flatMap(({ spec }) => (spec.nodeName ? [spec.nodeName] : [])));
  const found = await usages.ofAll([...nodeNames]);
  const items = pods.flatMap((pod) => {
    const usage = found.get(pod.spec.nodeName ?? '');
    return (usage && metricsOfPod(pod, usage)) ?? [];
  });
  await sendList(exchange, options, 'PodMetricsList', items);
}

function subject(plural: string, kind: string): { group: string; plural: string; kind: string } {
  return { group: METRICS_GROUP, plural, kind };
}

function selected<T extends KubeObject>(
  { info }: Exchange,
  kind: (typeof kinds)['nodes' | 'pods'],
  objects: Iterable<T>,
): T[] {
  const labelSelector = info.query.get('labelSelector') ?? '';
  const selection = parseSelection(kind, labelSelector, info.query.get('fieldSelector') ?? '');
  return [...objects].filter((object) => selection.matches(object));
}

async function sendList(
  exchange: Exchange,
  { protobuf }: HandlerOptions,
  kind: string,
  items: readonly object[],
): Promise<void> {
  const list = { kind, apiVersion: API_VERSION, metadata: {}, items };
  await writeValue(exchange, protobuf, 200, `${TYPES}.${kind}`, list);
}

function metricsOfNode({ metadata }: Node, usage: NodeUsage): NodeMetrics {
  return { kind: 'NodeMetrics', ...measured(metadata, usage), usage: quantities(usage.node) };
}

function metricsOfPod({ metadata }: Pod, usage: NodeUsage): PodMetrics | undefined {
  const found = usage.pods.find(({ namespace, name }) => namespace === metadata.namespace && name === metadata.name);
  if (!found) return undefined;
  const containers = found.containers.map((container) => ({ name: container.name, usage: quantities(container) }));
  return { kind: 'PodMetrics', ...measured(metadata, usage), containers };
}

function measured(
  { name, namespace, labels }: KubeObject['metadata'],
  { timestamp, window }: NodeUsage,
): Pick<PodMetrics, 'apiVersion' | 'metadata' | 'timestamp' | 'window'> {
  const names = { ...(name ? { name } : {}), ...(namespace ? { namespace } : {}), ...(labels ? { labels } : {}) };
  return {
    apiVersion: API_VERSION,
    metadata: { ...names, creationTimestamp: timestamp },
    timestamp,
    window: `${window}s`,
  };
}

function quantities({ cpu, memory }: Usage): Record<string, string> {
  return { cpu: `${Math.round(cpu * 1e9)}n`, memory: `${Math.round(memory / 1024)}Ki` };
}
