/** Tells pod templates apart: the value of a hash label, and the end of the name of a replica set or a revision. */
import { sortKeys } from '../../api/machinery/json.ts';
import type { PodTemplateSpec } from '../../api/types/core.v1.ts';

export const TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** Without vowels and look-alikes, so that no word can come out. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** The same template and count always give the same hash, in any order of its fields. */
export function templateHash(template: PodTemplateSpec, collisionCount: number): string {
  let rest = fnv1a(`${JSON.stringify(sortKeys(template))}#${collisionCount}`);
  let hash = '';
  do {
    hash += ALPHABET.charAt(rest % ALPHABET.length);
    rest = Math.floor(rest / ALPHABET.length);
  } while (rest > 0);
  return hash;
}

/** The template as the user wrote it: without the label that the controller adds. */
export function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** FNV-1a with 32 bits over UTF-16 code units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
