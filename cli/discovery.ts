/**
 * Which resources the server has, and what users call them. What was learnt is kept on disk for a while; a name that is
 * not in it is looked for on the server before it is given up.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { APIGroupDiscoveryList } from '../api/types/apidiscovery.v2.ts';
import type { RestClient } from '../lib/client/rest.ts';
import type { Clock } from '../lib/clock.ts';
import { CommandError } from './errors.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const FRESH_MILLISECONDS = 6 * 60 * 60 * 1000;

export interface Resource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural, as it stands in paths. */
  readonly name: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
}

interface CacheFile {
  readonly savedAt: number;
  readonly resources: readonly Resource[];
}

export interface DiscoveryOptions {
  readonly client: RestClient;
  readonly server: string;
  /** Of the cache; it need not exist. */
  readonly directory: string;
  readonly clock: Clock;
}

export class Discovery {
  private readonly options: DiscoveryOptions;
  private readonly path: string;
  private resources: readonly Resource[] | undefined;
  private isFresh = false;

  constructor(options: DiscoveryOptions) {
    this.options = options;
    const { host } = new URL(options.server);
    this.path = join(options.directory, 'dure', `${host.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.json`);
  }

  /** All of them, the preferred version of each group first. Asks the server unless the cache is young enough. */
  async all(): Promise<readonly Resource[]> {
    this.resources ??= this.cached() ?? (await this.fetch());
    return this.resources;
  }

  /** As the server has them now. */
  async refresh(): Promise<readonly Resource[]> {
    this.resources = await this.fetch();
    return this.resources;
  }

  /** By any name that users may use: `po`, `pod`, `Pods`, `deployments.apps`, `deployments.v1.apps`. */
  async find(word: string): Promise<Resource> {
    const found = await this.search((resources) => findByWord(resources, word));
    if (!found) throw new CommandError(`the server doesn't have a resource type "${word}"`);
    return found;
  }

  async findOrNone(word: string): Promise<Resource | undefined> {
    return this.search((resources) => findByWord(resources, word));
  }

  /** The resources of a category such as `all`. */
  async category(word: string): Promise<readonly Resource[]> {
    return (await this.all()).filter(({ categories }) => categories.includes(word));
  }

  /** What objects of this kind are stored under; undefined when the server has no such kind. */
  async ofKind(apiVersion: string, kind: string): Promise<Resource | undefined> {
    return this.search((resources) =>
      resources.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion),
    );
  }

  private async search(pick: (resources: readonly Resource[]) => Resource | undefined): Promise<Resource | undefined> {
    const found = pick(await this.all());
    return found || this.isFresh ? found : pick(await this.refresh());
  }

  private cached(): readonly Resource[] | undefined {
    try {
      const { savedAt, resources } = JSON.parse(readFileSync(this.path, 'utf8')) as CacheFile;
      const age = this.options.clock.date().getTime() - savedAt;
      return age >= 0 && age < FRESH_MILLISECONDS && Array.isArray(resources) ? resources : undefined;
    } catch {
      // None, or not one of ours: the server knows.
      return undefined;
    }
  }

  private async fetch(): Promise<readonly Resource[]> {
    const { client } = this.options;
    const lists = await Promise.all(
      ['/api', '/apis'].map((path) => client.get<APIGroupDiscoveryList>(path, { accept: AGGREGATED })),
    );
    this.isFresh = true;
    const resources = lists.flatMap(resourcesOf);
    this.save(resources);
    return resources;
  }

  private save(resources: readonly Resource[]): void {
    const content: CacheFile = { savedAt: this.options.clock.date().getTime(), resources };
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      const temporary = `${this.path}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(content));
      renameSync(temporary, this.path);
    } catch {
      // A home that can't be written to costs time only.
    }
  }
}

function resourcesOf({ items }: APIGroupDiscoveryList): Resource[] {
  return items.flatMap(({ metadata, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources.map((row) => ({
        group: metadata.name ?? '',
        version,
        kind: row.responseKind?.kind ?? '',
        name: row.resource,
        singular: row.singularResource,
        shortNames: row.shortNames ?? [],
        categories: row.categories ?? [],
        namespaced: row.scope === 'Namespaced',
        verbs: row.verbs,
        subresources: (row.subresources ?? []).map(({ subresource }) => subresource),
      })),
    ),
  );
}

function findByWord(resources: readonly Resource[], word: string): Resource | undefined {
  const lower = word.toLowerCase();
  const plain = resources.find(({ name, singular, kind }) => [name, singular, kind.toLowerCase()].includes(lower));
  const short = plain ?? resources.find(({ shortNames }) => shortNames.includes(lower));
  if (short || !lower.includes('.')) return short;
  const [name = '', ...rest] = lower.split('.');
  const suffix = rest.join('.');
  return resources.find(
    (resource) =>
      [resource.name, resource.singular, resource.kind.toLowerCase(), ...resource.shortNames].includes(name) &&
      [resource.group, `${resource.version}.${resource.group}`, `${resource.version}.`].includes(suffix),
  );
}

/** Each resource in one version: the first that its group has it in. */
export function preferred(resources: readonly Resource[]): Resource[] {
  const seen = new Set<string>();
  return resources.filter((resource) => {
    const name = qualifiedName(resource);
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `deployments.apps`; `pods`. */
export function qualifiedName({ name, group }: Resource): string {
  return group === '' ? name : `${name}.${group}`;
}

/** `deployment.apps/hello`: how messages name an object. */
export function objectName(resource: Resource, name: string): string {
  const singular = resource.singular || resource.kind.toLowerCase();
  return `${singular}${resource.group === '' ? '' : `.${resource.group}`}/${name}`;
}

/** The path of the collection; without a namespace that of all namespaces. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.name}`;
}

export function objectPath(resource: Resource, namespace: string | undefined, name: string): string {
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
}
