/** Which class those get that name none. */
import type { KubeObject } from '../object.ts';

const STORAGE = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
] as const;
const INGRESS = ['ingressclass.kubernetes.io/is-default-class'] as const;

export function isDefaultStorageClass(storageClass: KubeObject): boolean {
  return isMarked(storageClass, STORAGE);
}

export function defaultStorageClass<T extends KubeObject>(classes: Iterable<T>): T | undefined {
  return newestDefault(classes, STORAGE);
}

export function defaultIngressClass<T extends KubeObject>(classes: Iterable<T>): T | undefined {
  return newestDefault(classes, INGRESS);
}

/** Of several the newest, and of those made in one second the first by name. */
function newestDefault<T extends KubeObject>(classes: Iterable<T>, annotations: readonly string[]): T | undefined {
  let best: T | undefined;
  for (const each of classes) if (isMarked(each, annotations) && (!best || isBetter(each, best))) best = each;
  return best;
}

function isMarked({ metadata }: KubeObject, annotations: readonly string[]): boolean {
  return annotations.some((annotation) => metadata.annotations?.[annotation] === 'true');
}

function isBetter({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  const [age, other] = [a.creationTimestamp ?? '', b.creationTimestamp ?? ''];
  return age === other ? (a.name ?? '') < (b.name ?? '') : age > other;
}
