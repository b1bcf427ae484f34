/** Why a service reaches nothing, or what it reaches. Pure: what was seen goes in. */
import type { Pod, Service, ServicePort } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import { isReady, selectorText } from '../pods.ts';
import { nothing, type Explanation } from './explanation.ts';

export interface ServiceSeen {
  readonly service: Service;
  readonly slices: readonly EndpointSlice[];
  /** All pods of its namespace. */
  readonly pods: readonly Pod[];
  /** Of the pods that it selects and that are not ready. */
  readonly whys: readonly Explanation[];
}

const MAX_SHOWN = 5;

/** Those pods that a service's selector means; none for a service without one. */
export function selectedPods({ spec }: Service, pods: readonly Pod[]): Pod[] {
  const wanted = Object.entries(spec?.selector ?? {});
  if (wanted.length === 0) return [];
  return pods.filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value));
}

export function explainService(seen: ServiceSeen): Explanation {
  const { service, pods } = seen;
  const name = `service/${service.metadata.name}`;
  const { type, externalName, selector = {} } = service.spec ?? {};
  if (type === 'ExternalName') {
    return { ...nothing, headline: `${name} is another name for ${externalName}: it has no endpoints.`, isFine: true };
  }
  const addresses = readyAddresses(seen.slices);
  if (Object.keys(selector).length === 0) return withoutSelector(name, addresses);
  const selected = selectedPods(service, pods);
  if (selected.length === 0) return selectsNothing(name, service, pods);
  const ready = selected.filter(isReady);
  const lost = (service.spec?.ports ?? []).filter((port) => isNamedByNone(port, ready));
  if (lost.length > 0) return namesNoPort(name, lost, ready);
  if (addresses.length === 0) return noneReady(name, selected, seen.whys);
  const waiting = selected.length - ready.length;
  return {
    ...nothing,
    headline: `${name} sends to ${addresses.length} address${addresses.length === 1 ? '' : 'es'}: nothing is wrong with it.`,
    isFine: true,
    facts: [
      `${shown(addresses)}`,
      ...(waiting > 0
        ? [`${waiting} of the ${selected.length} pods that it selects ${waiting === 1 ? 'is' : 'are'} not ready.`]
        : []),
    ],
  };
}

function withoutSelector(name: string, addresses: readonly string[]): Explanation {
  if (addresses.length > 0) {
    const headline = `${name} has no selector, and sends to the ${addresses.length} of its endpoint slices.`;
    return { ...nothing, headline, isFine: true, facts: [shown(addresses)] };
  }
  return {
    ...nothing,
    headline: `${name} has no endpoints: it has no selector, and no endpoint slice is its own.`,
    isFine: false,
    help: ['Give it a selector, or create an EndpointSlice with the label kubernetes.io/service-name'],
  };
}

function selectsNothing(name: string, { metadata, spec }: Service, pods: readonly Pod[]): Explanation {
  const wanted = selectorText(spec?.selector);
  // Of pods made alike, one says it.
  const examples = new Map<string, Difference>();
  for (const pod of pods) {
    const difference = differenceOf(pod, spec?.selector ?? {});
    if (!examples.has(difference.text)) examples.set(difference.text, difference);
  }
  const nearest = [...examples.values()].toSorted((a, b) => a.lacks - b.lacks || a.differs - b.differs);
  const said = nearest.slice(0, MAX_SHOWN).map(({ pod, text }) => `pod/${pod} ${text}`);
  return {
    headline: `${name} has no endpoints: no pod in namespace ${metadata.namespace} has the labels ${wanted}.`,
    isFine: false,
    facts: said.length > 0 ? said : [`There are no pods in namespace ${metadata.namespace}.`],
    nodes: [],
    help: [
      'Make its selector say what the pods are labelled with, or label the pods of their template so; names and case count',
    ],
  };
}

interface Difference {
  readonly pod: string;
  /** Keys of the selector that the pod does not have at all. */
  readonly lacks: number;
  /** Those that it has with another value. */
  readonly differs: number;
  readonly text: string;
}

function differenceOf({ metadata }: Pod, selector: Readonly<Record<string, string>>): Difference {
  const labels = metadata.labels ?? {};
  const wrong = Object.entries(selector).filter(([key, value]) => labels[key] !== value);
  const lacks = wrong.filter(([key]) => labels[key] === undefined);
  const differs = wrong.filter(([key]) => labels[key] !== undefined);
  const parts = [
    ...differs.map(([key, value]) => `has the label ${key}=${labels[key]}, not ${key}=${value}`),
    ...lacks.map(([key, value]) => `lacks the label ${key}=${value}`),
  ];
  return { pod: metadata.name ?? '', lacks: lacks.length, differs: differs.length, text: parts.join('; ') };
}

/** A port by name goes to those containers only that name one of theirs so. */
function isNamedByNone({ targetPort }: ServicePort, ready: readonly Pod[]): boolean {
  if (typeof targetPort !== 'string' || ready.length === 0) return false;
  return !ready.some((pod) => portsOf(pod).some(({ name }) => name === targetPort));
}

function portsOf({ spec }: Pod): { name?: string | undefined; containerPort: number }[] {
  return spec.containers.flatMap(({ ports = [] }) => ports);
}

function namesNoPort(name: string, lost: readonly ServicePort[], ready: readonly Pod[]): Explanation {
  const named = new Set(ready.flatMap(portsOf).map((port) => `${port.name ?? '(no name)'} ${port.containerPort}`));
  return {
    headline: `${name} reaches nothing at ${lost.map(({ port }) => `port ${port}`).join(', ')}: its pods have no port of the name it sends to.`,
    isFine: false,
    facts: [
      ...lost.map(({ port, targetPort }) => `Port ${port} goes to the port named ${targetPort} of the pods.`),
      `Their containers name: ${[...named].join(', ') || 'no ports'}.`,
    ],
    nodes: [],
    help: ['Give the containers a port of that name, or set targetPort to one that is there, by name or number'],
  };
}

function noneReady(name: string, selected: readonly Pod[], whys: readonly Explanation[]): Explanation {
  const which =
    selected.length === 1
      ? 'the pod that it selects is not ready'
      : `none of the ${selected.length} pods that it selects is ready`;
  return {
    headline: `${name} has no endpoints: ${which}.`,
    isFine: false,
    facts: whys.slice(0, MAX_SHOWN).map(({ headline }) => headline),
    nodes: [],
    help: whys.slice(0, 1).flatMap(({ help }) => help),
  };
}

function readyAddresses(slices: readonly EndpointSlice[]): string[] {
  const ready = slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false);
  return [...new Set(ready.flatMap(({ addresses }) => addresses))];
}

function shown(addresses: readonly string[]): string {
  const more = addresses.length - MAX_SHOWN;
  return `${addresses.slice(0, MAX_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
