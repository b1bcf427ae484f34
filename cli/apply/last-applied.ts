/** The annotation that holds what was applied last. */
import type { KubeObject } from '../../api/object.ts';
import { goEscaped, sorted } from '../print/json.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object with itself in the annotation, as kubectl writes it. */
export function withLastApplied(object: KubeObject): KubeObject {
  const { [LAST_APPLIED]: _before, ...annotations } = object.metadata.annotations ?? {};
  const plain = { ...object, metadata: { ...object.metadata, annotations } };
  const text = appliedText(plain);
  return { ...plain, metadata: { ...plain.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}

/** An object as the annotation has it. */
export function appliedText(object: KubeObject): string {
  return `${goEscaped(JSON.stringify(sorted(object)))}\n`;
}

/** What was applied last; undefined when nothing was, or the annotation is broken. */
export function lastAppliedOf({ metadata }: KubeObject): Record<string, unknown> | undefined {
  const text = metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  return JSON.parse(text) as Record<string, unknown>;
}
