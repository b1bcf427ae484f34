/** A generated config map or secret joins the objects that are there: as a new one, or with the data of the one before. */
import { isObject, type JsonObject } from '../../api/patch/value.ts';
import { KustomizeError } from './errors.ts';
import type { Texts } from './kustomization.ts';
import { idText, sameId, type Resource } from './resource.ts';

const BEHAVIORS: ReadonlySet<string> = new Set(['', 'unspecified', 'create', 'replace', 'merge']);

/**
 * The name has a hash while both want one. Throws KustomizeError when there is one and there must not be, or the other way round.
 */
export function mergeData(made: Resource, behavior = '', resources: Resource[]): void {
  if (!BEHAVIORS.has(behavior))
    throw new KustomizeError(`behavior must be create, replace or merge, not "${behavior}"`);
  const matches = resources.filter(({ ids }) => ids.some((id) => sameId(id, made.id)));
  const [before, ...more] = matches;
  const isNew = behavior !== 'merge' && behavior !== 'replace';
  if (more.length > 0) throw new KustomizeError(`found multiple objects that could accept merge of ${idText(made.id)}`);
  if (!before) {
    if (!isNew) throw new KustomizeError(`id ${idText(made.id)} does not exist; cannot merge or replace`);
    resources.push(made);
    return;
  }
  if (isNew) throw new KustomizeError(`id ${idText(made.id)} exists; behavior must be merge or replace`);
  const { name, namespace } = before.id;
  const object = behavior === 'merge' ? { ...made.object, ...mergedData(before.object, made.object) } : made.object;
  const own = { labels: textsOf(made, 'labels'), annotations: textsOf(made, 'annotations') };
  const metadata: JsonObject = { name, ...(namespace === '' ? {} : { namespace }) };
  const inherited = { labels: textsOf(before, 'labels'), annotations: textsOf(before, 'annotations') };
  before.object = { ...object, metadata };
  before.isHashed &&= made.isHashed;
  for (const field of ['labels', 'annotations'] as const) {
    before.addMetadata(field, inherited[field]);
    before.addMetadata(field, own[field]);
  }
}

function mergedData(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    ['data', 'binaryData']
      .map((field) => [field, { ...mapIn(before[field]), ...mapIn(after[field]) }] as const)
      .filter(([, data]) => Object.keys(data).length > 0),
  );
}

function mapIn(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function textsOf({ metadata }: Resource, field: 'labels' | 'annotations'): Texts {
  return mapIn(metadata[field]) as Texts;
}
