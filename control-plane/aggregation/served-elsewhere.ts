/**
 * What other API servers serve, as they tell it: asked again when an APIService changes and once a minute, never while a
 * client waits. What a server said last stands as long as it does not answer.
 */
import type { ServedVersion } from '../../api/discovery.ts';
import type { Priority } from '../../api/group-priorities.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { OpenApiPart } from '../../api/openapi/merge-v2.ts';
import type { APIVersionDiscovery } from '../../api/types/apidiscovery.v2.ts';
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import { KeyedBackoff } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { KeyQueue } from '../../lib/queue.ts';
import type { Change, View } from '../../lib/view.ts';
import type { RemoteResource } from '../controllers/elsewhere.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { isAvailable, isRemote, type RemoteApi } from './remote-apis.ts';
import {
  type OpenApiV2Source,
  type OpenApiV3Source,
  readDiscovery,
  readOpenApiV2,
  readOpenApiV3,
} from './remote-documents.ts';
import type { RemoteReader } from './remote-reader.ts';

const AGAIN_MILLISECONDS = 60_000;
const RETRY = { initial: 500, max: AGAIN_MILLISECONDS, factor: 2 };
/** Servers that are asked at once; one that does not answer must not hold up all others. */
const WORKERS = 4;

interface Told {
  readonly group: string;
  readonly version: string;
  readonly discovery: APIVersionDiscovery;
  readonly v2: OpenApiV2Source | undefined;
  readonly v3: OpenApiV3Source | undefined;
}

export interface ServedElsewhereOptions {
  readonly view: View<APIService>;
  readonly reader: RemoteReader;
  readonly clock: Clock;
  readonly log: Log;
}

export class ServedElsewhere implements Component {
  readonly name = 'served elsewhere';
  private readonly options: ServedElsewhereOptions;
  private readonly queue: KeyQueue;
  private readonly backoff = new KeyedBackoff(RETRY);
  /** By the names of APIServices. */
  private readonly told = new Map<string, Told>();
  private readonly listeners = new Set<() => void>();
  private workers: Promise<void>[] = [];
  private unsubscribe: (() => void) | undefined;

  constructor(options: ServedElsewhereOptions) {
    this.options = options;
    this.queue = new KeyQueue(options);
  }

  /** Does not wait for any of the other servers. */
  start(): Promise<void> {
    const { view } = this.options;
    this.unsubscribe = view.subscribe((change) => this.follow(change));
    for (const apiService of view.list()) this.consider(apiService);
    this.workers = Array.from({ length: WORKERS }, () => this.work());
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.queue.close();
    await Promise.all(this.workers);
  }

  /** Calls the listener whenever any of the following would answer differently. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  versions(): ServedVersion[] {
    return [...this.told.values()].map(({ group, version, discovery }) => ({
      group,
      version,
      discovery: () => discovery,
    }));
  }

  /** Whether one of the other servers has told of the resource. */
  has({ group, version, resource }: Pick<ResourceRequest, 'group' | 'version' | 'resource'>): boolean {
    const { resources = [] } = this.told.get(`${version}.${group}`)?.discovery ?? {};
    return resources.some((each) => each.resource === resource);
  }

  /** What can be deleted in namespaces, each in one of its versions. Of those who don't answer, what they said last. */
  deletable(): RemoteResource[] {
    const found = new Map<string, RemoteResource>();
    for (const { group, version, discovery } of this.told.values()) {
      for (const { resource, scope, verbs } of discovery.resources ?? []) {
        if (scope !== 'Namespaced' || !verbs.includes('delete')) continue;
        found.set(`${resource}.${group}`, { group, version, resource, verbs });
      }
    }
    return [...found.values()];
  }

  /** As `group/version`: what is not known to be as it was told. */
  silent(): string[] {
    const silent = [...this.told.values()].filter(({ discovery }) => discovery.freshness === 'Stale');
    return silent.map(({ group, version }) => `${group}/${version}`).toSorted();
  }

  /** Where the APIService puts it. */
  priorityOf(group: string, version: string): Priority | undefined {
    const spec = this.options.view.get(`${version}.${group}`)?.spec;
    return spec && { group: spec.groupPriorityMinimum, version: spec.versionPriority };
  }

  openApiV2(): OpenApiPart[] {
    return [...this.told.values()].flatMap(({ v2 }) => v2?.part ?? []);
  }

  /** By path below `/openapi/v3/`; what is nowhere is left out. */
  openApiV3(): ReadonlyMap<string, OpenApiV3Source> {
    const known = [...this.told.values()].filter(({ v3 }) => v3 && v3.from !== 'nowhere');
    return new Map(known.map(({ group, version, v3 }) => [`apis/${group}/${version}`, v3!]));
  }

  private follow({ type, key, object, previous }: Change<APIService>): void {
    if (type !== 'deleted' && isRemote(object)) {
      const wasThere = previous !== undefined && isRemote(previous);
      const isSame = wasThere && sameJson(previous.spec, object.spec) && isAvailable(previous) === isAvailable(object);
      if (isSame) return;
      this.consider(object);
    } else if (this.told.delete(key)) {
      this.backoff.forget(key);
    } else if (type === 'updated' && previous && sameJson(previous.spec, object.spec)) return;
    this.changed();
  }

  /** Stale until the server has answered, and as long as it can't be reached. */
  private consider(apiService: APIService): void {
    if (!isRemote(apiService)) return;
    const { name = '' } = apiService.metadata;
    const { group = '', version = '' } = apiService.spec;
    const before = this.told.get(name) ?? { discovery: { version }, v2: undefined, v3: undefined };
    const discovery: APIVersionDiscovery = { ...before.discovery, freshness: 'Stale' };
    this.told.set(name, { ...before, group, version, discovery });
    if (isAvailable(apiService)) this.queue.add(name);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  private async work(): Promise<void> {
    for (let name = await this.queue.take(); name !== undefined; name = await this.queue.take()) {
      await this.refresh(name);
      this.queue.done(name);
    }
  }

  private async refresh(name: string): Promise<void> {
    const api = this.options.view.get(name);
    if (!api || !isRemote(api) || !isAvailable(api)) return;
    try {
      await this.ask(name, api);
      this.backoff.forget(name);
      this.queue.addAfter(name, AGAIN_MILLISECONDS);
    } catch (error) {
      this.options.log.debug(
        { err: error, apiService: name },
        'could not learn what another server serves; trying again',
      );
      this.queue.addAfter(name, this.backoff.next(name));
    }
  }

  /** Discovery counts at once; that a server has no proper OpenAPI takes nothing else from it. */
  private async ask(name: string, api: RemoteApi): Promise<void> {
    const { reader } = this.options;
    try {
      this.tell(name, api, { discovery: await readDiscovery(reader, api) });
    } catch (error) {
      const { discovery = { version: api.spec.version ?? '' } } = this.told.get(name) ?? {};
      this.tell(name, api, { discovery: { ...discovery, freshness: 'Stale' } });
      throw error;
    }
    const v2 = await readOpenApiV2(reader, api, this.told.get(name)?.v2);
    this.tell(name, api, { v2, v3: await readOpenApiV3(reader, api, v2.part) });
  }

  /** Nothing, when another server is to be asked meanwhile. */
  private tell(name: string, api: RemoteApi, news: Partial<Told>): void {
    const before = this.told.get(name);
    const now = this.options.view.get(name);
    if (!before || !now || !isAvailable(now) || !sameJson(now.spec, api.spec)) return;
    const next = { ...before, ...news };
    this.told.set(name, next);
    const isNew =
      next.v2 !== before.v2 || !sameJson([next.discovery, next.v3 ?? null], [before.discovery, before.v3 ?? null]);
    if (isNew) this.changed();
  }
}
