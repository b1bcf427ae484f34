/** Which objects of a collection are meant: namespace, labels and fields, as one test. */
import { badRequest } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import { compileFieldSelector, parseFieldSelector, requiredValue } from '../../api/machinery/field-selectors.ts';
import { parseLabelSelector } from '../../api/machinery/selectors.ts';
import { requireFieldReader } from '../registry/field-labels.ts';

export interface Selection {
  /** Every object of the collection is meant. */
  readonly isEverything: boolean;
  /** The only name that can match. */
  readonly name: string | undefined;
  matches(object: KubeObject): boolean;
}

/** Throws BadRequest for selectors that can't be read and fields that can't be selected by. */
export function parseSelection(kind: Kind, labelSelector: string, fieldSelector: string): Selection {
  const labels = parseLabelSelector(labelSelector);
  const requirements = parseFieldSelector(fieldSelector);
  const byFields = compileFieldSelector<KubeObject>(requirements, (field) => requireFieldReader(kind, field));
  return {
    isEverything: labels.isEverything && requirements.length === 0,
    name: requiredValue(requirements, 'metadata.name'),
    matches: (object) => labels.matches(object.metadata.labels) && byFields(object),
  };
}

/** Everything of this name: what a watch of one object selects. Throws BadRequest when a field selector names another. */
export function selectName(kind: Kind, name: string, fieldSelector: string): Selection {
  if (fieldSelector !== '' && parseSelection(kind, '', fieldSelector).name !== name) {
    throw badRequest(`fieldSelector metadata.name doesn't match requested name`);
  }
  return { isEverything: false, name, matches: (object) => object.metadata.name === name };
}

/** The only key that can match; undefined when there may be several. */
export function keyOf(kind: Kind, namespace: string, { name }: Selection): string | undefined {
  if (name === undefined || (kind.namespaced && namespace === '')) return undefined;
  return objectKey(kind.namespaced ? namespace : '', name);
}
