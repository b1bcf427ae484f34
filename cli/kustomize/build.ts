/** Builds a kustomization: the objects of its resources, with all that it changes in them. */
import { mergeData } from './merge-data.ts';
import { parseObjects } from './documents.ts';
import { KustomizeError } from './errors.ts';
import { Folder } from './files.ts';
import { generated, hashName } from './generate.ts';
import { deprecations, parseKustomization, type Kustomization } from './kustomization.ts';
import { inOrder } from './order.ts';
import { applyStrategicPatch, applyOperationPatch, applyPatch } from './patches.ts';
import { followNames } from './references.ts';
import { idText, Resource, sameId } from './resource.ts';
import { addAffixes, addAnnotations, addLabels, changeImages, setNamespace, setReplicas } from './transform.ts';
import type { KubeObject } from '../../api/object.ts';

const LOCAL_CONFIG = 'config.kubernetes.io/local-config';
/** Of folders that name folders. */
const MAX_DEPTH = 50;

export interface BuildOptions {
  /** The folder with the kustomization file. */
  readonly directory: string;
  /** Whether files outside of a kustomization's folder may be read. */
  readonly anywhere?: boolean;
  readonly warn: (line: string) => void;
}

/** In the order in which they are to be created. Throws KustomizeError. */
export function buildKustomization({ directory, anywhere = false, warn }: BuildOptions): KubeObject[] {
  const build = new Build(warn);
  const folder = new Folder({ path: directory, isOpen: anywhere });
  const { resources, kustomization } = build.folder(folder, []);
  for (const resource of resources) if (resource.isHashed) hashName(resource);
  followNames(resources);
  const shown = resources.filter(({ metadata }) => !isLocal(metadata['annotations']));
  return inOrder(shown, kustomization.sortOptions).map(({ object }) => object as unknown as KubeObject);
}

function isLocal(annotations: unknown): boolean {
  return (annotations as Readonly<Record<string, unknown>> | undefined)?.[LOCAL_CONFIG] === 'true';
}

interface Built {
  readonly resources: Resource[];
  readonly kustomization: Kustomization;
}

class Build {
  private readonly warn: (line: string) => void;

  constructor(warn: (line: string) => void) {
    this.warn = warn;
  }

  /** `above` are the folders on the way here. A component is given the objects that it changes. */
  folder(folder: Folder, above: readonly string[], given?: Resource[]): Built {
    if (above.includes(folder.path) || above.length > MAX_DEPTH) {
      throw new KustomizeError(
        `cycle detected: candidate root '${folder.path}' contains visited root '${above.at(-1)}'`,
      );
    }
    const { text, file } = folder.kustomization();
    const kustomization = parseKustomization(text, file);
    const isComponent = kustomization.kind === 'Component';
    if (isComponent !== (given !== undefined)) {
      throw new KustomizeError(`expected kind ${given ? '=' : '!'}= 'Component' for path '${folder.path}'`);
    }
    for (const line of deprecations(kustomization)) this.warn(line);
    const way = [...above, folder.path];
    const resources = given ?? [];
    for (const path of [...(kustomization.resources ?? []), ...(kustomization.bases ?? [])]) {
      this.add(this.read(path, folder, way), resources);
    }
    generate(kustomization, folder, resources);
    for (const path of kustomization.components ?? []) this.folder(folder.below(path), way, resources);
    transform(kustomization, folder, resources);
    return { resources, kustomization };
  }

  private read(path: string, folder: Folder, way: readonly string[]): Resource[] {
    if (folder.isFolder(path)) return this.folder(folder.below(path), way).resources;
    return parseObjects(folder.read(path).toString('utf8'), path).map((object) => new Resource(object));
  }

  private add(added: readonly Resource[], resources: Resource[]): void {
    for (const resource of added) {
      if (resources.some(({ id }) => sameId(id, resource.id))) {
        throw new KustomizeError(`may not add resource with an already registered id: ${idText(resource.id)}`);
      }
      resources.push(resource);
    }
  }
}

function generate(
  { configMapGenerator = [], secretGenerator = [], generatorOptions }: Kustomization,
  folder: Folder,
  resources: Resource[],
): void {
  for (const [kind, generators] of [
    ['ConfigMap', configMapGenerator],
    ['Secret', secretGenerator],
  ] as const) {
    for (const generator of generators) {
      mergeData(generated(kind, generator, generatorOptions, folder), generator.behavior, resources);
    }
  }
}

function transform(kustomization: Kustomization, folder: Folder, resources: Resource[]): void {
  const { patchesStrategicMerge = [], patches = [], patchesJson6902 = [], namespace } = kustomization;
  for (const patch of patchesStrategicMerge) applyStrategicPatch(patch, resources, folder);
  for (const patch of patches) applyPatch(patch, resources, folder);
  if (namespace) setNamespace(namespace, resources);
  addAffixes(kustomization, resources);
  addLabels(kustomization, resources);
  addAnnotations(kustomization, resources);
  for (const patch of patchesJson6902) applyOperationPatch(patch, resources, folder);
  setReplicas(kustomization, resources);
  changeImages(kustomization, resources);
}
