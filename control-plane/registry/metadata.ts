/** What the server alone writes into an object's metadata. */
import type { Clock } from '../../lib/clock.ts';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { Strategy } from './strategy.ts';

/** RFC 3339 with whole seconds, as `Time` is in JSON. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export interface CreationFacts {
  uid: string;
  clock: Clock;
}

export function stampNew<T extends KubeObject>(
  object: T,
  kind: Kind<T>,
  strategy: Strategy<T>,
  facts: CreationFacts,
): void {
  stampType(object, kind);
  const { metadata } = object;
  delete metadata.selfLink;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.resourceVersion;
  delete metadata.generation;
  if (!kind.namespaced) delete metadata.namespace;
  metadata.uid = facts.uid;
  metadata.creationTimestamp = timestamp(facts.clock.date());
  if (strategy.generation === true) metadata.generation = 1;
}

/** Puts back what no update can change, and counts the generation up when the desired state changed. */
export function stampUpdate<T extends KubeObject>(
  next: T,
  previous: T,
  kind: Kind<T>,
  strategy: Strategy<T>,
  subresource: 'status' | undefined,
): void {
  stampType(next, kind);
  const now = next.metadata;
  const before = previous.metadata;
  now.uid ||= before.uid ?? '';
  restore(now, before, 'creationTimestamp');
  delete now.selfLink;
  restore(now, before, 'deletionTimestamp');
  restore(now, before, 'deletionGracePeriodSeconds');
  restore(now, before, 'generation');
  if (!strategy.generation || subresource === 'status') return;
  const changed = !sameJson(desired(next), desired(previous)) || strategy.bumpsGeneration?.(next, previous) === true;
  if (changed) now.generation = (before.generation ?? 0) + 1;
}

function restore<M extends object, K extends keyof M>(now: M, before: M, field: K): void {
  if (before[field] === undefined) delete now[field];
  else now[field] = before[field];
}

function stampType<T extends KubeObject>(object: T, kind: Kind<T>): void {
  object.apiVersion = apiVersionOf(kind);
  object.kind = kind.kind;
}

function desired(object: KubeObject): object {
  return { ...object, apiVersion: undefined, kind: undefined, metadata: undefined, status: undefined };
}
