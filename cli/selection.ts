/** The objects that a verb acts on: given by files, by names, or by a selector over a collection. */
import type { KubeObject } from '../api/object.ts';
import { apiVersionOf, objectPath, type Resource } from './discovery.ts';
import { CommandError } from './errors.ts';
import { text, toggle } from './flags.ts';
import { fileFlags } from './file-flags.ts';
import { readItems, readManifests } from './manifests.ts';
import type { Session } from './session.ts';
import { parseTargets, pathOf } from './targets.ts';

export const selectionFlags = {
  ...fileFlags,
  all: toggle('Select all resources in the namespace of the specified resource types'),
  allNamespaces: toggle('If true, select the specified action in all namespaces', { short: 'A' }),
  selector: text('Selector (label query) to filter on', { short: 'l' }),
  fieldSelector: text('Selector (field query) to filter on'),
};

export interface SelectionValues {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly kustomize: string | undefined;
  readonly all: boolean;
  readonly allNamespaces: boolean;
  readonly selector: string | undefined;
  readonly fieldSelector: string | undefined;
}

/** Where an object is; it need not be there. */
export interface Place {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly path: string;
}

/** An object as the server has it. */
export interface Selected<T extends KubeObject = KubeObject> extends Place {
  readonly object: T;
}

/** Objects that are named are not fetched; those of a collection are there already. */
export async function selectPlaces(
  args: readonly string[],
  flags: SelectionValues,
  session: Session,
): Promise<(Place & { readonly object?: KubeObject })[]> {
  if (flags.filename.length > 0 || flags.kustomize !== undefined) {
    return (await readItems(flags, session)).map(({ resource, namespace, name, path }) => ({
      resource,
      namespace,
      name,
      path,
    }));
  }
  if (args.length === 0) throw new CommandError('You must provide one or more resources by argument or filename.');
  const targets = await parseTargets(args, session, flags);
  const isSelective = flags.selector !== undefined || flags.fieldSelector !== undefined || flags.all;
  const places: (Place & { readonly object?: KubeObject })[] = [];
  for (const target of targets) {
    if (target.name !== undefined) {
      if (isSelective) throw new CommandError('name cannot be provided when a selector is specified');
      places.push({ ...target, name: target.name, namespace: target.namespace, path: pathOf(target) });
      continue;
    }
    if (!isSelective) {
      throw new CommandError('resource(s) were provided, but no name was specified');
    }
    const { resource } = target;
    const client = await session.client();
    const query = { labelSelector: flags.selector, fieldSelector: flags.fieldSelector };
    const { items } = await client.list<KubeObject>(pathOf(target), { query });
    places.push(...items.map((item) => selectedOf(resource, item)));
  }
  return places;
}

/** The same, fetched, or as the files have them with --local. What isn't there is an ApiError. */
export async function selectObjects<T extends KubeObject = KubeObject>(
  args: readonly string[],
  flags: SelectionValues & { readonly local?: boolean },
  session: Session,
): Promise<Selected<T>[]> {
  if (flags.local) return localObjects<T>(args, flags, session);
  const client = await session.client();
  const places = await selectPlaces(args, flags, session);
  return Promise.all(
    places.map(async (place) => ({
      ...place,
      object: (place.object as T | undefined) ?? (await client.get<T>(place.path)),
    })),
  );
}

async function localObjects<T extends KubeObject>(
  args: readonly string[],
  flags: SelectionValues,
  session: Session,
): Promise<Selected<T>[]> {
  if (args.length > 0 || (flags.filename.length === 0 && flags.kustomize === undefined)) {
    throw new CommandError('can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set');
  }
  const manifests = await readManifests(flags, session);
  return manifests.map(({ object }) => {
    const { namespace, name = '' } = object.metadata;
    return { resource: unaskedResource(object), namespace, name, path: '', object: object as T };
  });
}

/** What can be said of an object's resource without a server: enough for naming it. */
function unaskedResource({ apiVersion = '', kind = '' }: KubeObject): Resource {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  const singular = kind.toLowerCase();
  const nothing = { shortNames: [], categories: [], verbs: [], subresources: [] };
  return { ...nothing, group, version, kind, name: `${singular}s`, singular, namespaced: true };
}

export function selectedOf<T extends KubeObject>(resource: Resource, item: T): Selected<T> {
  const { namespace, name = '' } = item.metadata;
  const object = { ...item, apiVersion: apiVersionOf(resource), kind: resource.kind };
  return { resource, namespace, name, path: objectPath(resource, namespace, name), object };
}

/** What selection flags are when a verb has none of its own. */
export const NO_SELECTION: SelectionValues = {
  filename: [],
  recursive: false,
  kustomize: undefined,
  all: false,
  allNamespaces: false,
  selector: undefined,
  fieldSelector: undefined,
};
