/** What a check of the pod security standards is, and the words that they share. */
import type { Container, Pod, PodSecurityContext, SecurityContext } from '../../../api/types/core.v1.ts';

/** A pod, or the template of one. */
export interface PodParts {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Pod['spec'];
}

/** What was found: a short reason, and who is to blame. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type CheckPod = (pod: PodParts) => Violation | undefined;

export interface Check {
  /** Kubernetes' name of the check; checks are told of in the order of their names. */
  readonly id: string;
  /** Since which minor version what is looked for, ascending. Nothing is looked for in older ones. */
  readonly since: readonly (readonly [minor: number, CheckPod])[];
  /** The check that this one takes the place of, where both would look. */
  readonly replaces?: string;
}

export type Context = PodSecurityContext & SecurityContext;

/** Those of init, main and ephemeral containers, in this order. */
export function allContainers({ spec }: PodParts): Container[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as unknown as Container[];
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...ephemeral];
}

export function namesWhere(pod: PodParts, isBad: (container: Container) => boolean): string[] {
  return allContainers(pod)
    .filter(isBad)
    .map(({ name }) => name);
}

/** Who has a security context that is bad: `pod`, `container "a"`, or both. */
export function settersOf(pod: PodParts, isBad: (context: Context) => boolean): string[] {
  const own = pod.spec.securityContext;
  const names = namesWhere(pod, ({ securityContext }) => securityContext !== undefined && isBad(securityContext));
  return [...(own && isBad(own) ? ['pod'] : []), ...(names.length > 0 ? [containersText(names)] : [])];
}

/** The security contexts that there are, the pod's own first. */
export function contextsOf(pod: PodParts): Context[] {
  const contexts = [pod.spec.securityContext, ...allContainers(pod).map(({ securityContext }) => securityContext)];
  return contexts.filter((context) => context !== undefined);
}

export function containersText(names: readonly string[]): string {
  return `${plural(names.length, 'container')} ${quoted(names)}`;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

/** Each once, sorted. */
export function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

/** In a user namespace of its own, root within is nobody without. */
export function hasOwnUsers({ spec }: PodParts): boolean {
  return spec.hostUsers === false;
}
