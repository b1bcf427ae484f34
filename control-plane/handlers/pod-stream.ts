/** What logs, exec, attach and port-forward ask first: which pod, which container, is it anywhere. */
import { badRequest, notFound } from '../../api/errors.ts';
import { objectKey } from '../../api/object.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { ResourceExchange } from './port.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export interface PodTarget {
  readonly pod: Pod;
  readonly container: string;
  /** As the stream names its pod. */
  readonly wanted: { namespace: string; pod: string; uid: string; container: string };
}

/** The pod as the store has it now. Throws NotFound. */
export async function readPod({ resource, target, signal }: ResourceExchange): Promise<Pod> {
  await resource.cache.whenFresh(signal);
  const cached = await resource.cache.get(objectKey(target.namespace, target.name));
  if (!cached) throw notFound(resource.kind, target.name);
  return cached.object as Pod;
}

/** Throws BadRequest when it is not clear which container is meant, or there is none of that name. */
export async function podTarget(exchange: ResourceExchange): Promise<PodTarget> {
  const pod = await readPod(exchange);
  const container = containerOf(pod, exchange.info.query.get('container') ?? '');
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  return { pod, container, wanted: { namespace, pod: name, uid, container } };
}

function containerOf(pod: Pod, asked: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const names = containers.map(({ name }) => name);
  const inits = initContainers.map(({ name }) => name);
  const all = [...names, ...inits, ...ephemeralContainers.map(({ name }) => name)];
  const podName = pod.metadata.name ?? '';
  if (asked !== '') {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  }
  const marked = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  if (marked !== undefined && names.includes(marked)) return marked;
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  const choices = `choose one of: [${names.join(' ')}]`;
  const initChoices = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : '';
  throw badRequest(`a container name must be specified for pod ${podName}, ${choices}${initChoices}`);
}

/** The node whose agent has the pod. Throws BadRequest while there is none. */
export function nodeNameOf(pod: Pod): string {
  const { nodeName } = pod.spec;
  if (nodeName) return nodeName;
  throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}
