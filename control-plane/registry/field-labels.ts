/** The fields that a field selector can name, a file a group in `field-labels/`. */
import { badRequest } from '../../api/errors.ts';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { batchLabels } from './field-labels/batch.ts';
import { certificatesLabels } from './field-labels/certificates.ts';
import { coreLabels } from './field-labels/core.ts';
import { eventsLabels } from './field-labels/events.ts';
import { resourceLabels } from './field-labels/resource.ts';
import type { FieldReader, Labels, LabelsOf } from './field-labels/field-reader.ts';

export type { FieldReader } from './field-labels/field-reader.ts';

const forAll: Labels<KubeObject> = {
  'metadata.name': ({ metadata }) => metadata.name ?? '',
  'metadata.namespace': ({ metadata }) => metadata.namespace ?? '',
};

const LABELS: LabelsOf<typeof kinds> = {
  ...coreLabels,
  ...batchLabels,
  ...eventsLabels,
  ...certificatesLabels,
  ...resourceLabels,
};

/** What a reader of a kind's field sees is an object of that kind, whatever the compiler knows. */
const labelsByKind = new Map(
  Object.entries(LABELS).map(([key, labels]) => [
    kinds[key as keyof typeof kinds] as Kind,
    new Map(Object.entries(labels as unknown as Labels<KubeObject>)),
  ]),
);

function labelsOf(kind: Kind): ReadonlyMap<string, FieldReader> | undefined {
  return kind.fieldLabels ?? labelsByKind.get(kind);
}

/** Reads the field as selectors compare it; undefined when the kind has no such label. */
export function fieldReader<T extends KubeObject>(kind: Kind<T>, label: string): FieldReader<T> | undefined {
  return labelsOf(kind)?.get(label) ?? (Object.hasOwn(forAll, label) ? forAll[label] : undefined);
}

/** As {@link fieldReader}, but throws BadRequest in Kubernetes' words. */
export function requireFieldReader<T extends KubeObject>(kind: Kind<T>, label: string): FieldReader<T> {
  const reader = fieldReader(kind, label);
  if (reader) return reader;
  if (labelsOf(kind)) throw badRequest(`field label not supported: ${label}`);
  throw badRequest(`"${label}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
