/**
 * The annotation in which `kubectl apply` keeps what it applied, kept in step by a server-side apply of kubectl, so that
 * both ways of applying can follow each other.
 */
import { isStatusError } from '../errors.ts';
import { parseJson } from '../machinery/body.ts';
import type { KubeObject } from '../object.ts';
import { isObject } from '../patch/value.ts';
import { compare } from './compare.ts';
import { difference, type Fields } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
const KUBECTL = 'kubectl';
/** Of all annotations of an object. */
const MAX_ANNOTATIONS = 256 * 1024;

/** `applied` with the configuration in its annotation, when it has that and kubectl applies. */
export function withLastApplied<T extends KubeObject>(applied: T, config: KubeObject, manager: string): T {
  const { annotations } = applied.metadata;
  if (manager !== KUBECTL || !annotations?.[ANNOTATION]) return applied;
  const { [ANNOTATION]: _former, ...others } = annotations;
  const kept = { ...others, [ANNOTATION]: `${JSON.stringify(withoutAnnotation(config))}\n` };
  return { ...applied, metadata: { ...applied.metadata, annotations: sizeOf(kept) > MAX_ANNOTATIONS ? others : kept } };
}

function withoutAnnotation(config: KubeObject): KubeObject {
  const { annotations } = config.metadata;
  if (!annotations?.[ANNOTATION]) return config;
  const { [ANNOTATION]: _former, ...others } = annotations;
  return { ...config, metadata: { ...config.metadata, annotations: others } };
}

function sizeOf(annotations: Readonly<Record<string, string>>): number {
  return Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);
}

/** What kubectl applied before and nobody has changed since: it may take that over from whoever has it. */
export function takenOver(type: FieldType, live: KubeObject, manager: string, apiVersion: string): Fields {
  const text = live.metadata.annotations?.[ANNOTATION];
  if (manager !== KUBECTL || !text) return undefined;
  const last = parse(text);
  if (last?.apiVersion !== apiVersion) return undefined;
  const changes = compare(type, last, live);
  return difference(difference(fieldsOf(type, last), changes?.changed), changes?.removed);
}

function parse(text: string): KubeObject | undefined {
  try {
    const { value } = parseJson(Buffer.from(text));
    return isObject(value) ? (value as unknown as KubeObject) : undefined;
  } catch (error) {
    // Anybody may write the annotation; what can't be read takes nothing over.
    if (isStatusError(error, 'BadRequest')) return undefined;
    throw error;
  }
}
