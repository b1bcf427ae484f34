/** Pods that users mean when they name a pod, or something that has pods. */
import type { Pod } from '../api/types/core.v1.ts';
import type { LabelSelector } from '../api/types/meta.v1.ts';
import { collectionPath, objectName } from './discovery.ts';
import { CommandError } from './errors.ts';
import type { Session } from './session.ts';
import { parseOne, pathOf } from './targets.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

type PodSelector = LabelSelector | Readonly<Record<string, string>>;

interface WithPods {
  readonly metadata: { readonly name?: string };
  readonly spec?: { readonly selector?: PodSelector };
}

/** `web`, `pod/web`, or `deployment/web` for one of its pods, the one that does best. */
export async function podOf(args: readonly string[], session: Session): Promise<Pod> {
  const target = await parseOne(args, session, 'pods');
  const client = await session.client();
  if (target.resource.name === 'pods') return client.get<Pod>(pathOf(target));
  const pods = await podsBehind(args, session);
  const best = pods.toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)))[0];
  if (!best) throw new CommandError(`no pods found for ${objectName(target.resource, target.name)}`);
  if (pods.length > 1) session.warn(`Found ${pods.length} pods, using pod/${best.metadata.name}`);
  return best;
}

/** All pods that the named object selects. */
export async function podsBehind(args: readonly string[], session: Session): Promise<Pod[]> {
  const target = await parseOne(args, session, 'pods');
  const client = await session.client();
  const owner = await client.get<WithPods>(pathOf(target));
  const labelSelector = selectorText(owner.spec?.selector);
  if (labelSelector === '') throw new CommandError(`${objectName(target.resource, target.name)} selects no pods`);
  return podsWith(labelSelector, target.namespace, session);
}

export async function podsWith(labelSelector: string, namespace: string | undefined, session: Session): Promise<Pod[]> {
  const pods = await (await session.discovery()).find('pods');
  const { items } = await (
    await session.client()
  ).list<Pod>(collectionPath(pods, namespace), { query: { labelSelector } });
  return items;
}

/** As it stands in a query: of a service's map, or of a deployment's selector. */
export function selectorText(selector: PodSelector | undefined): string {
  if (!selector) return '';
  const isStructured = 'matchLabels' in selector || 'matchExpressions' in selector;
  const { matchLabels = {}, matchExpressions = [] } = (
    isStructured ? selector : { matchLabels: selector }
  ) as LabelSelector;
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
    }),
  ].join(',');
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
}

/** The container that is meant when none is named; says so when there are several. */
export function containerOf({ metadata, spec }: Pod, wanted: string | undefined, session: Session | undefined): string {
  const names = [...spec.containers, ...(spec.ephemeralContainers ?? []), ...(spec.initContainers ?? [])].map(
    ({ name }) => name,
  );
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new CommandError(`container ${wanted} not found in pod ${metadata.name}`);
  }
  const annotated = metadata.annotations?.[DEFAULT_CONTAINER];
  if (annotated !== undefined && names.includes(annotated)) return annotated;
  const first = names[0] ?? '';
  if (names.length > 1) {
    const marks = new Map([
      ...(spec.initContainers ?? []).map(({ name }) => [name, ' (init)'] as const),
      ...(spec.ephemeralContainers ?? []).map(({ name }) => [name, ' (ephem)'] as const),
    ]);
    session?.warn(
      `Defaulted container "${first}" out of: ${names.map((name) => `${name}${marks.get(name) ?? ''}`).join(', ')}`,
    );
  }
  return first;
}
