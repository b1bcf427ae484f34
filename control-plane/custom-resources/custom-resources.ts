/**
 * Serves what CustomResourceDefinitions define, on every server: follows their cache and puts resources in place, changes and
 * removes them. A resource whose definition changes gets a new cache before it takes the old one's place, so requests find
 * one or the other; clients' watches go on in the new one, those of all other resources notice nothing.
 */
import { customKinds } from '../../api/custom/definition.ts';
import type { Schema } from '../../api/custom/schema.ts';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { Codec } from '../../api/schema/codec.ts';
import type { CustomResourceDefinition } from '../../api/types/apiextensions.v1.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { ResourceCache } from '../cacher/port.ts';
import type { Caches } from '../registry/caches.ts';
import type { CustomRow, ResourceRegistry } from '../registry/registry.ts';
import type { Strategy } from '../registry/strategy.ts';
import { type ConvertElsewhere, VersionConversion } from './conversion.ts';
import { decodeCustom } from './stored-json.ts';
import { CustomStrategy, type Rules } from './strategy.ts';

export interface CustomResourcesOptions {
  definitions: ResourceCache<CustomResourceDefinition>;
  registry: ResourceRegistry;
  caches: Pick<Caches, 'add' | 'drop'>;
  codec: Codec;
  log: Log;
  /** Of a version's schema; undefined when it has none. */
  rulesOf: (schema: Schema) => Rules | undefined;
  /** undefined when the versions of the resource differ in their name alone. */
  converterOf: (definition: CustomResourceDefinition) => ConvertElsewhere | undefined;
}

/** What a definition has made. */
interface Served {
  readonly basis: object;
  readonly stored: Kind;
  readonly kinds: readonly Kind[];
}

export class CustomResources implements Component {
  readonly name = 'custom resources';
  private readonly options: CustomResourcesOptions;
  /** By the definition's name. */
  private readonly served = new Map<string, Served>();
  /** What is being done about a definition; what is to be done next waits for it. */
  private readonly working = new Map<string, Promise<void>>();
  private unsubscribe: (() => void) | undefined;
  private isStopped = false;

  constructor(options: CustomResourcesOptions) {
    this.options = options;
  }

  /** Resolves once all that was defined before is served. */
  async start(): Promise<void> {
    const { definitions } = this.options;
    this.unsubscribe = definitions.view.subscribe(({ key }) => this.follow(key));
    for (const { metadata } of definitions.view.list()) this.follow(metadata.name ?? '');
    await this.settled();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.unsubscribe?.();
    await this.settled();
  }

  /** Resolves once everything is served that was defined at the time of the call, by whichever server. */
  async whenFresh(signal?: AbortSignal): Promise<void> {
    await this.options.definitions.whenFresh(signal);
    await this.settled();
  }

  private async settled(): Promise<void> {
    while (this.working.size > 0) await Promise.all(this.working.values());
  }

  private follow(name: string): void {
    const before = this.working.get(name) ?? Promise.resolve();
    const work: Promise<void> = before
      .then(() => this.apply(name))
      .catch((error: unknown) => {
        if (!this.isStopped)
          this.options.log.error({ err: error, definition: name }, 'could not serve a custom resource');
      })
      .then(() => {
        if (this.working.get(name) === work) this.working.delete(name);
      });
    this.working.set(name, work);
  }

  /** Makes what is served what the definition now says. */
  private async apply(name: string): Promise<void> {
    if (this.isStopped) return;
    const definition = this.options.definitions.view.get(name);
    const wanted = definition && isEstablished(definition) ? definition : undefined;
    const before = this.served.get(name);
    const basis = wanted && basisOf(wanted);
    if (before ? sameJson(before.basis, basis) : !wanted) return;
    if (wanted) await this.replace(name, wanted, before);
    else this.remove(name);
    if (before) await this.options.caches.drop(before.stored);
  }

  private async replace(name: string, definition: CustomResourceDefinition, before: Served | undefined): Promise<void> {
    const { codec, caches, registry, log } = this.options;
    const { stored, versions } = customKinds(definition, codec);
    const schemas = new Map(versions.map(({ kind, schema }) => [apiVersionOf(kind), schema]));
    const decode = decodeCustom(schemas);
    const cache = await caches.add(stored.kind, decode);
    if (this.isStopped) return;
    const elsewhere = this.options.converterOf(definition);
    const isTerminating = (): boolean =>
      this.options.definitions.view.get(name)?.metadata.deletionTimestamp !== undefined;
    const rows = versions.map(({ kind, schema }): CustomRow => {
      const rules = this.options.rulesOf(schema);
      return {
        kind,
        // What a custom row's strategy sees is an object of that row.
        strategy: new CustomStrategy({ kind, schema, rules, isTerminating }) as unknown as Strategy,
        cache,
        conversion: new VersionConversion({ served: { kind, schema }, stored, elsewhere }),
        decode,
      };
    });
    const kinds = versions.map(({ kind }) => kind);
    registry.replaceCustom(before?.kinds ?? [], rows);
    this.served.set(name, { basis: basisOf(definition), stored: stored.kind, kinds });
    log.debug({ definition: name, versions: kinds.map(({ version }) => version) }, 'serves a custom resource');
  }

  private remove(name: string): void {
    const before = this.served.get(name);
    this.served.delete(name);
    this.options.registry.replaceCustom(before?.kinds ?? [], []);
  }
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  return status.conditions.some((condition) => condition.type === 'Established' && condition.status === 'True');
}

/** All that what is served depends on. */
function basisOf({ metadata, spec, status }: CustomResourceDefinition): object {
  return { uid: metadata.uid, spec, names: status.acceptedNames };
}
