/** What one object uses of a quota, and which quotas speak of it. */
import { type Kind, qualifiedResource } from '../../api/kinds.ts';
import type { Quantity } from '../../api/machinery/quantity.ts';
import type { KubeObject } from '../../api/object.ts';
import type { PersistentVolumeClaim, Pod, Service } from '../../api/types/core.v1.ts';
import { addAmounts, type Amounts, amountsOf, countOf, ONE } from './amounts.ts';
import { podAmounts } from './pod-resources.ts';

/** Counted under their plain name as well. */
const COUNTED_PLAINLY: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);
/** They come and go by themselves, and nobody should be kept from telling. */
const UNCOUNTED: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io']);
const CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
const OWN_RESOURCES: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

export function isCounted(kind: Kind): boolean {
  return kind.namespaced && !UNCOUNTED.has(qualifiedResource(kind));
}

/** `now` in milliseconds since 1970: a pod that should have ended by then uses nothing any more. */
export function usageOf(kind: Kind, object: KubeObject, now: number): Amounts {
  const resource = qualifiedResource(kind);
  const counts = new Map([[`count/${resource}`, ONE]]);
  if (COUNTED_PLAINLY.has(resource)) counts.set(resource, ONE);
  switch (resource) {
    case 'pods':
      return addAmounts(counts, podUsage(object as unknown as Pod, now));
    case 'services':
      return addAmounts(counts, serviceUsage(object as unknown as Service));
    case 'persistentvolumeclaims':
      return addAmounts(counts, claimUsage(object as unknown as PersistentVolumeClaim));
    default:
      return counts;
  }
}

function podUsage(pod: Pod, now: number): Amounts {
  if (hasEnded(pod, now)) return new Map();
  return new Map([['pods', ONE], ...computeUsage(podAmounts(pod, 'requests'), podAmounts(pod, 'limits'))]);
}

function hasEnded({ metadata, status }: Pod, now: number): boolean {
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** Under the names that quotas have for what is requested and limited. */
export function computeUsage(requests: Amounts, limits: Amounts): Map<string, Quantity> {
  const usage = new Map<string, Quantity>();
  for (const [name, quantity] of requests) {
    if (OWN_RESOURCES.has(name) || name.startsWith('hugepages-')) usage.set(name, quantity);
    usage.set(`requests.${name}`, quantity);
  }
  for (const [name, quantity] of limits) if (OWN_RESOURCES.has(name)) usage.set(`limits.${name}`, quantity);
  return usage;
}

function serviceUsage({ spec }: Service): Amounts {
  const usage = new Map<string, Quantity>();
  const ports = spec.ports ?? [];
  if (spec.type === 'NodePort') usage.set('services.nodeports', countOf(ports.length));
  if (spec.type !== 'LoadBalancer') return usage;
  const isAllocated = spec.allocateLoadBalancerNodePorts !== false;
  const nodePorts = isAllocated ? ports.length : ports.filter(({ nodePort }) => nodePort).length;
  usage.set('services.nodeports', countOf(nodePorts));
  usage.set('services.loadbalancers', ONE);
  return usage;
}

function claimUsage({ spec }: PersistentVolumeClaim): Amounts {
  const usage = new Map<string, Quantity>();
  const storage = amountsOf(spec.resources?.requests).get('storage');
  const { storageClassName } = spec;
  if (storage) usage.set('requests.storage', storage);
  if (!storageClassName) return usage;
  usage.set(`${storageClassName}${CLASS_SUFFIX}persistentvolumeclaims`, ONE);
  if (storage) usage.set(`${storageClassName}${CLASS_SUFFIX}requests.storage`, storage);
  return usage;
}

const POD_NAMES: ReadonlySet<string> = new Set([
  'count/pods',
  'pods',
  ...[...OWN_RESOURCES].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
const SERVICE_NAMES: ReadonlySet<string> = new Set(['services.nodeports', 'services.loadbalancers']);

/** Whether objects of the kind use any of what a quota calls `name`. */
export function concerns(kind: Kind, name: string): boolean {
  const resource = qualifiedResource(kind);
  if (name === `count/${resource}` || (COUNTED_PLAINLY.has(resource) && name === resource)) return true;
  if (resource === 'pods') return POD_NAMES.has(name) || isExtended(name);
  if (resource === 'services') return SERVICE_NAMES.has(name);
  return resource === 'persistentvolumeclaims' && (name === 'requests.storage' || name.includes(CLASS_SUFFIX));
}

function isExtended(name: string): boolean {
  if (name.includes(CLASS_SUFFIX)) return false;
  if (/^(requests\.)?hugepages-/.test(name)) return true;
  return name.startsWith('requests.') && name.includes('/');
}
