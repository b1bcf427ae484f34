/** The scale subresource: the one number of a workload, in a shape that is the same for all of them. */
import { invalid } from '../../api/errors.ts';
import { selectorText } from '../../api/printing/selector-text.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Scale } from '../../api/schema/types/autoscaling.v1.ts';
import type { LabelSelector } from '../../api/schema/types/meta.v1.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import type { Resource } from './port.ts';
import type { RequestOptions } from './prepare.ts';

/** What has replicas can be scaled. */
export interface Scalable extends KubeObject {
  /** A ReplicationController's selector is a map of labels. */
  spec: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
}

const SCALE = { group: 'autoscaling', plural: 'scales', kind: 'Scale' };

export function scaleOf(object: Scalable): Scale {
  const { metadata, spec, status } = object;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const kept = Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp });
  const selector = selectorText(labelSelectorOf(object));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, ...(selector ? { selector } : {}) },
  };
}

function labelSelectorOf({ kind, spec: { selector } }: Scalable): LabelSelector | undefined {
  if (kind !== 'ReplicationController') return selector;
  return { matchLabels: selector as Record<string, string> };
}

/**
 * Reads, lets `change` decide and writes the replicas, as `Resource.mutate` does. Rejects with Conflict when the scale that
 * `change` returns carries another resourceVersion than the one it was given.
 */
export async function mutateScale<T extends Scalable>(
  resource: Pick<Resource<T>, 'mutate'>,
  namespace: string,
  name: string,
  change: (current: Scale) => Scale,
  request: Omit<RequestOptions, 'subresource'> = {},
): Promise<Scale> {
  const decide = (current: T): T => {
    const scale = change(scaleOf(current));
    validate(scale, name);
    const { uid, resourceVersion } = scale.metadata;
    const metadata = { ...current.metadata, ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    return { ...current, metadata, spec: { ...current.spec, replicas: scale.spec?.replicas ?? 0 } };
  };
  return scaleOf(await resource.mutate(namespace, name, decide, request));
}

function validate(scale: Scale, name: string): void {
  const errors = new FieldErrors();
  if (scale.metadata.name !== name) errors.invalid('metadata.name', scale.metadata.name ?? '', `must be ${name}`);
  errors.notNegative('spec.replicas', scale.spec?.replicas);
  if (errors.list.length > 0) throw invalid(SCALE, name, errors.list);
}
