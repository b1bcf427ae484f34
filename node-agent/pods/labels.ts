/**
 * What is written on sandboxes and containers, so that an agent that starts anew knows them again. The names are
 * those that other tools of the field (crictl, log collectors) look for.
 */
import { createHash } from 'node:crypto';
import type { Container, Pod } from '../../api/types/core.v1.ts';

export const LABEL = {
  /** Only what carries it is ever touched: a runtime may serve others too. */
  managed: 'dure.internal/managed',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const ANNOTATION = {
  hash: 'io.kubernetes.container.hash',
  /** What the container asked for when it was made: JSON of its `resources`. */
  resources: 'dure.internal/resources',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
} as const;

export function sandboxLabels(pod: Pod): Record<string, string> {
  return { ...pod.metadata.labels, ...identity(pod) };
}

export function containerLabels(pod: Pod, container: Container): Record<string, string> {
  return { ...identity(pod), [LABEL.containerName]: container.name };
}

export function containerAnnotations(container: Container, attempt: number): Record<string, string> {
  return {
    [ANNOTATION.hash]: containerHash(container),
    [ANNOTATION.resources]: JSON.stringify(container.resources ?? {}),
    [ANNOTATION.restartCount]: String(attempt),
    [ANNOTATION.terminationMessagePath]: container.terminationMessagePath ?? '',
    [ANNOTATION.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
  };
}

/** Differs when a running container has to be replaced: of what may change in a pod, only the image asks for that. */
export function containerHash(container: Container): string {
  const facts = JSON.stringify([container.name, container.image ?? '']);
  return createHash('sha256').update(facts).digest('hex').slice(0, 16);
}

function identity(pod: Pod): Record<string, string> {
  return {
    [LABEL.managed]: 'true',
    [LABEL.podName]: pod.metadata.name ?? '',
    [LABEL.podNamespace]: pod.metadata.namespace ?? '',
    [LABEL.podUid]: pod.metadata.uid ?? '',
  };
}
