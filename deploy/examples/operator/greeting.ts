/** The kind that the operator is about, as `definition.yaml` defines it, and what of it is to be done: no IO. */
import type { V1Condition, V1ConfigMap, V1ObjectMeta } from '@kubernetes/client-node';

export const GROUP = 'examples.dure.internal';
export const VERSION = 'v1';
export const PLURAL = 'greetings';
/** Holds a greeting back until what was made for it is gone. */
export const FINALIZER = `${GROUP}/config-map`;
/** The name under which the operator owns fields. */
export const MANAGER = 'greeting-operator';

export interface Greeting {
  readonly apiVersion: string;
  readonly kind: 'Greeting';
  readonly metadata: V1ObjectMeta;
  readonly spec: { readonly words: string; readonly times: number };
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly V1Condition[] };
}

export type Step =
  | { readonly type: 'hold' }
  | { readonly type: 'apply'; readonly configMap: V1ConfigMap }
  | { readonly type: 'report'; readonly condition: V1Condition }
  | { readonly type: 'clean-up' }
  | { readonly type: 'let-go' };

/** What to do next for a greeting as it is now, in this order. Nothing, when nobody holds it back any more. */
export function plan(greeting: Greeting, now: Date): readonly Step[] {
  const isHeld = greeting.metadata.finalizers?.includes(FINALIZER) ?? false;
  if (greeting.metadata.deletionTimestamp) return isHeld ? [{ type: 'clean-up' }, { type: 'let-go' }] : [];
  const apply: Step = { type: 'apply', configMap: configMapOf(greeting) };
  // Before anything is made, so that nothing can be left behind.
  const hold: readonly Step[] = isHeld ? [] : [{ type: 'hold' }];
  return [...hold, apply, ...report(greeting, now)];
}

function configMapOf({ metadata, spec }: Greeting): V1ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: metadata.name ?? '', namespace: metadata.namespace ?? '' },
    data: { greeting: Array.from({ length: spec.times }, () => spec.words).join('\n') },
  };
}

/** A status is written once a generation. */
function report({ metadata, status }: Greeting, now: Date): readonly Step[] {
  const { generation = 0 } = metadata;
  if (status?.observedGeneration === generation) return [];
  const before = status?.conditions?.find(({ type }) => type === 'Ready');
  const condition: V1Condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Applied',
    message: 'the config map says what is wanted',
    observedGeneration: generation,
    lastTransitionTime: before?.status === 'True' ? before.lastTransitionTime : now,
  };
  return [{ type: 'report', condition }];
}
