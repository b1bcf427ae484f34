/** The scale subresource: the one number of a workload, in a shape that is the same for all of them. */
import { internalError, invalid } from '../../api/errors.ts';
import type { Kind, ScalePaths } from '../../api/kinds.ts';
import { valueAt, withValueAt } from '../../api/custom/scale-fields.ts';
import type { JsonObject } from '../../api/custom/schema.ts';
import { selectorText } from '../../api/printing/selector-text.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Scale } from '../../api/types/autoscaling.v1.ts';
import type { LabelSelector } from '../../api/types/meta.v1.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import type { Resource } from './port.ts';
import type { ObjectView, RequestOptions } from './prepare.ts';

/** What has replicas can be scaled. */
export interface Scalable extends KubeObject {
  /** A ReplicationController's selector is a map of labels. */
  spec: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
}

const SCALE = { group: 'autoscaling', plural: 'scales', kind: 'Scale' };

/** Throws InternalError for a custom object that has no replicas where its definition says. */
export function scaleOf(object: Scalable, { scalePaths }: Pick<Kind, 'scalePaths'>): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const kept = Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp });
  const { replicas, current, selector } = scalePaths ? customNumbers(object, scalePaths) : numbersOf(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    spec: { replicas },
    status: { replicas: current, ...(selector ? { selector } : {}) },
  };
}

function labelSelectorOf({ kind, spec: { selector } }: Scalable): LabelSelector | undefined {
  if (kind !== 'ReplicationController') return selector;
  return { matchLabels: selector as Record<string, string> };
}

interface Numbers {
  readonly replicas: number;
  readonly current: number;
  readonly selector: string;
}

function numbersOf(object: Scalable): Numbers {
  const { spec, status } = object;
  const selector = selectorText(labelSelectorOf(object));
  return { replicas: spec.replicas ?? 0, current: status?.replicas ?? 0, selector };
}

function customNumbers(object: Scalable, paths: ScalePaths): Numbers {
  const replicas = valueAt(object, paths.specReplicas);
  if (typeof replicas !== 'number') {
    throw internalError(new Error(`the spec replicas field ".${paths.specReplicas.join('.')}" does not exist`));
  }
  const current = valueAt(object, paths.statusReplicas);
  const selector = paths.labelSelector && valueAt(object, paths.labelSelector);
  return {
    replicas,
    current: typeof current === 'number' ? current : 0,
    selector: typeof selector === 'string' ? selector : '',
  };
}

/** The workload with so many replicas wanted. */
function withReplicas<T extends Scalable>(object: T, replicas: number, { scalePaths }: Pick<Kind, 'scalePaths'>): T {
  if (!scalePaths) return { ...object, spec: { ...object.spec, replicas } };
  return withValueAt(object as unknown as JsonObject, scalePaths.specReplicas, replicas) as unknown as T;
}

/** The workload as its scale, which is what admission sees of a write through it. */
export function scaleView(kind: Kind): ObjectView {
  return {
    subresource: 'scale',
    kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    of: (object) => scaleOf(object as Scalable, kind),
    into: (object, scale) => withReplicas(object as Scalable, (scale as Scale).spec?.replicas ?? 0, kind),
  };
}

/**
 * Reads, lets `change` decide and writes the replicas, as `Resource.mutate` does. Rejects with Conflict when the scale that
 * `change` returns carries another resourceVersion than the one it was given.
 */
export async function mutateScale<T extends Scalable>(
  resource: Pick<Resource<T>, 'kind' | 'mutate'>,
  namespace: string,
  name: string,
  change: (current: Scale) => Scale,
  options: Omit<RequestOptions, 'subresource'> = {},
): Promise<Scale> {
  const { kind } = resource;
  const request = { ...options, view: scaleView(kind) };
  const decide = (current: T): T => {
    const scale = change(scaleOf(current, kind));
    validate(scale, name);
    const { uid, resourceVersion } = scale.metadata;
    const metadata = { ...current.metadata, ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    return withReplicas({ ...current, metadata }, scale.spec?.replicas ?? 0, kind);
  };
  return scaleOf(await resource.mutate(namespace, name, decide, request), kind);
}

function validate(scale: Scale, name: string): void {
  const errors = new FieldErrors();
  if (scale.metadata.name !== name) errors.invalid('metadata.name', scale.metadata.name ?? '', `must be ${name}`);
  errors.notNegative('spec.replicas', scale.spec?.replicas);
  if (errors.list.length > 0) throw invalid(SCALE, name, errors.list);
}
