/** What a kustomization changes in all its objects: namespace, names, labels, annotations, counts, images. */
import { RE2JS } from 're2js';
import { setOwn } from '../../api/machinery/json.ts';
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { KustomizeError } from './errors.ts';
import {
  ANNOTATIONS,
  changeField,
  eachContainer,
  NAMESPACES,
  OWN_LABELS,
  REPLICAS,
  SELECTOR_LABELS,
  TEMPLATE_LABELS,
  VOLUME_IMAGES,
  type FieldSpec,
} from './fields.ts';
import type { ImageChange, Kustomization, Labels, Texts } from './kustomization.ts';
import { fits, idText, isClusterScoped, sameId, type Resource } from './resource.ts';

/** Kinds whose names are fixed. */
const NAMED_ELSEWHERE: ReadonlySet<string> = new Set([
  '/Namespace',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
]);

/** Throws KustomizeError when two objects would be one. */
export function setNamespace(namespace: string, resources: readonly Resource[]): void {
  for (const resource of resources) {
    const { group, kind } = resource.id;
    resource.remember();
    if (group === '' && kind === 'Namespace') resource.metadata['name'] = namespace;
    else if (!isClusterScoped(resource.id)) resource.metadata['namespace'] = namespace;
    if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') setSubjectNamespaces(resource.object, namespace);
    for (const spec of NAMESPACES) changeField(resource, spec, () => namespace);
    const same = resources.filter(({ id }) => sameId(id, resource.id));
    if (same.length > 1) {
      throw new KustomizeError(
        `namespace transformation produces ID conflict: ${same.map(({ originalId }) => idText(originalId)).join(', ')}`,
      );
    }
  }
}

/** Service accounts named default are every namespace's own. */
function setSubjectNamespaces({ subjects }: JsonObject, namespace: string): void {
  if (!isList(subjects)) return;
  for (const subject of subjects) {
    if (isObject(subject) && subject['name'] === 'default') subject['namespace'] = namespace;
  }
}

export function addAffixes({ namePrefix = '', nameSuffix = '' }: Kustomization, resources: readonly Resource[]): void {
  const isNamedHere = ({ originalId: { group, kind } }: Resource): boolean => !NAMED_ELSEWHERE.has(`${group}/${kind}`);
  for (const resource of resources.filter(isNamedHere)) {
    if (namePrefix !== '') {
      resource.remember();
      resource.prefixes.push(namePrefix);
      resource.metadata['name'] = `${namePrefix}${resource.id.name}`;
    }
    if (nameSuffix !== '') {
      resource.remember();
      resource.suffixes.push(nameSuffix);
      resource.metadata['name'] = `${resource.id.name}${nameSuffix}`;
    }
  }
}

export function addLabels({ labels = [], commonLabels }: Kustomization, resources: readonly Resource[]): void {
  for (const entry of labels) putPairs(entry.pairs ?? {}, placesOf(entry), resources);
  if (commonLabels) putPairs(commonLabels, SELECTOR_LABELS, resources);
}

function placesOf(entry: Labels): readonly FieldSpec[] {
  const own = entry.fields ?? [];
  if (entry.includeSelectors) return [...own, ...SELECTOR_LABELS];
  return [...own, ...(entry.includeTemplates ? TEMPLATE_LABELS : OWN_LABELS)];
}

export function addAnnotations({ commonAnnotations }: Kustomization, resources: readonly Resource[]): void {
  if (commonAnnotations) putPairs(commonAnnotations, ANNOTATIONS, resources);
}

function putPairs(pairs: Texts, specs: readonly FieldSpec[], resources: readonly Resource[]): void {
  for (const resource of resources) {
    for (const spec of specs) {
      changeField(resource, spec, (value) => {
        const map: JsonObject = isObject(value) ? value : {};
        for (const [key, text] of Object.entries(pairs)) setOwn(map, key, text);
        return map;
      });
    }
  }
}

/** Throws KustomizeError for a name that nothing with replicas has. */
export function setReplicas({ replicas = [] }: Kustomization, resources: readonly Resource[]): void {
  for (const { name = '', count = 0 } of replicas) {
    const named = resources.filter(({ ids }) =>
      ids.some((id) => id.name === name && REPLICAS.some((spec) => fits(id, spec))),
    );
    if (named.length === 0) {
      const known = REPLICAS.map(({ kind }) => kind).join(', ');
      throw new KustomizeError(`resource with name ${name} does not match a config with the following GVK [${known}]`);
    }
    for (const resource of named) for (const spec of REPLICAS) changeField(resource, spec, () => count);
  }
}

export function changeImages({ images = [], imageTags = [] }: Kustomization, resources: readonly Resource[]): void {
  for (const image of [...images, ...imageTags]) {
    const change = imageChanger(image);
    for (const resource of resources) {
      if (resource.id.kind !== 'CustomResourceDefinition') {
        eachContainer(resource.object, (container) => {
          if (container['image'] !== undefined) container['image'] = change(container['image']);
        });
      }
      for (const spec of VOLUME_IMAGES) changeField(resource, spec, change);
    }
  }
}

const TAG = String.raw`(:[a-zA-Z0-9_.{}-]*)?`;
const DIGEST = String.raw`(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?`;

/** A name is a regular expression for all that stands before tag and digest. */
function imageChanger(wanted: ImageChange): (image: unknown) => unknown {
  const pattern = namePattern(wanted.name ?? '');
  return (image) => {
    if (typeof image !== 'string' || !pattern?.matches(image)) return image;
    const { name, tag, digest } = changedParts(splitImage(image), wanted);
    return `${name}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
  };
}

/** Undefined for what is no regular expression: it fits nothing. */
function namePattern(name: string): RE2JS | undefined {
  try {
    return RE2JS.compile(`${name}${TAG}${DIGEST}`);
  } catch {
    // As kustomize has it.
    return undefined;
  }
}

interface ImageParts {
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

function changedParts(
  before: ImageParts,
  { newName, newTag = '', digest = '', tagSuffix = '' }: ImageChange,
): ImageParts {
  const name = newName || before.name;
  if (newTag !== '' || digest !== '') return { name, tag: newTag, digest };
  if (tagSuffix !== '') return { name, tag: before.tag + tagSuffix, digest: '' };
  return { ...before, name };
}

/** A colon before the first slash belongs to a registry's port. */
function splitImage(image: string): ImageParts {
  const at = image.indexOf('@');
  const [rest, digest] = at < 0 ? [image, ''] : [image.slice(0, at), image.slice(at + 1)];
  const colon = rest.indexOf(':', Math.max(0, rest.indexOf('/')));
  return colon < 0
    ? { name: rest, tag: '', digest }
    : { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}
