/** What `fieldRef` and `resourceFieldRef` name, as text. */
import { parseQuantity, toNumber } from '../../api/machinery/quantity.ts';
import type { Container, Pod, ResourceFieldSelector } from '../../api/types/core.v1.ts';
import { ContainerConfigError } from './config-error.ts';

export interface FieldSources {
  readonly pod: Pod;
  readonly container: Container;
  readonly nodeName: string;
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
  readonly nodeCapacity: { readonly milliCpu: number; readonly memoryBytes: number };
}

const FIELDS: Record<string, (sources: FieldSources) => string> = {
  'metadata.name': ({ pod }) => pod.metadata.name ?? '',
  'metadata.namespace': ({ pod }) => pod.metadata.namespace ?? '',
  'metadata.uid': ({ pod }) => pod.metadata.uid ?? '',
  'metadata.labels': ({ pod }) => formatMap(pod.metadata.labels),
  'metadata.annotations': ({ pod }) => formatMap(pod.metadata.annotations),
  'spec.nodeName': ({ nodeName }) => nodeName,
  'spec.serviceAccountName': ({ pod }) => pod.spec.serviceAccountName ?? '',
  'status.hostIP': ({ hostIps }) => hostIps[0] ?? '',
  'status.hostIPs': ({ hostIps }) => hostIps.join(','),
  'status.podIP': ({ podIps }) => podIps[0] ?? '',
  'status.podIPs': ({ podIps }) => podIps.join(','),
};

/** Throws {@link ContainerConfigError} for a path that names nothing. */
export function fieldOf(sources: FieldSources, fieldPath: string): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript) {
    const map = subscript[1] === 'labels' ? sources.pod.metadata.labels : sources.pod.metadata.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  const read = Object.hasOwn(FIELDS, fieldPath) ? FIELDS[fieldPath] : undefined;
  if (!read) throw new ContainerConfigError(`unsupported fieldPath: ${fieldPath}`);
  return read(sources);
}

/** One `key="value"` a line, sorted. */
function formatMap(map: Record<string, string> | undefined): string {
  const entries = Object.entries(map ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n');
}

/** A limit that is not set is the node's capacity; the value is divided by the divisor and rounded up. */
export function resourceOf(sources: FieldSources, selector: ResourceFieldSelector): string {
  const { containerName, resource, divisor = '1' } = selector;
  const all = [...sources.pod.spec.containers, ...(sources.pod.spec.initContainers ?? [])];
  const container = containerName ? all.find(({ name }) => name === containerName) : sources.container;
  if (!container) throw new ContainerConfigError(`container ${containerName} not found`);
  const [list, name = ''] = resource.split('.', 2);
  if (list !== 'limits' && list !== 'requests')
    throw new ContainerConfigError(`unsupported container resource : ${resource}`);
  const written = container.resources?.[list]?.[name];
  const value = written === undefined ? absent(sources, list, name) : toNumber(parseQuantity(written));
  const unit = toNumber(parseQuantity(divisor)) || 1;
  return String(Math.ceil(Number((value / unit).toFixed(6))));
}

function absent({ nodeCapacity }: FieldSources, list: string, name: string): number {
  if (list === 'requests') return 0;
  if (name === 'cpu') return nodeCapacity.milliCpu / 1000;
  return name === 'memory' ? nodeCapacity.memoryBytes : 0;
}
