/** All resources that are served, made of the table of kinds, their strategies, the caches and the store. */
import { FieldManager } from '../../api/apply/field-manager.ts';
import type { TypeSources } from '../../api/apply/schema-types.ts';
import { notFoundPath } from '../../api/errors.ts';
import { apiVersionOf, type Kind, kindId, kinds, storedKindOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { nodePortsOf } from '../../api/validation/service.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Admission } from './admission.ts';
import { ConvertedCache } from '../cacher/converted.ts';
import type { ResourceCache } from '../cacher/port.ts';
import type { Store } from '../storage/port.ts';
import { AddressClaims } from './allocation/address-claims.ts';
import { AddressRange } from './allocation/address-range.ts';
import { KeyClaims } from './allocation/key-claims.ts';
import { PortRange } from './allocation/port-range.ts';
import { repairAllocations, type RepairResult } from './allocation/repair.ts';
import { ServiceAllocator } from './allocation/service-allocator.ts';
import { usableRanges } from './allocation/service-ranges.ts';
import type { Conversion, DecodeStored } from './conversion.ts';
import { conversionsOf } from './conversions.ts';
import type { RandomInteger } from '../../api/machinery/name-generator.ts';
import type { Registry } from './port.ts';
import { GenericResource, type ResourceOptions } from './resource.ts';
import { strategiesOf } from './strategies/all.ts';
import type { Strategy } from './strategy.ts';

export interface ResourceRegistryOptions {
  store: Store;
  /** The cache of a kind that is stored; asked once for each, at construction. */
  cacheOf: <T extends KubeObject>(kind: Kind<T>) => ResourceCache<T>;
  /** What the fields of each kind are, for who owns them. */
  types: TypeSources;
  clock: Clock;
  log: Log;
  /** A new UUID. */
  newUid: () => string;
  random: RandomInteger;
  /** Where cluster addresses of services come from, such as `10.96.0.0/12`. */
  serviceCidr: string;
  /** Where node ports come from: `30000-32767` when absent. */
  nodePorts?: { first: number; last: number };
  /** What has a say in each write; made once, before there are resources to ask. */
  admission: (registry: ResourceRegistry) => Admission;
}

/** One version of a resource that is not in the table of kinds. */
export interface CustomRow {
  kind: Kind;
  strategy: Strategy;
  /** Of the resource, in the version in which it is stored. */
  cache: ResourceCache<KubeObject>;
  /** Custom objects may be stored in any version that their definition ever stored. */
  conversion: Conversion;
  decode: DecodeStored;
}

const NODE_PORTS = { first: 30_000, last: 32_767 };

export class ResourceRegistry implements Registry {
  private readonly options: ResourceRegistryOptions;
  /** By the kind's id. */
  private readonly resources = new Map<string, GenericResource<KubeObject>>();
  /** The same by the kind itself, which is how the parts of the control plane ask, some hundred times a write. */
  private readonly byKind = new Map<Kind, GenericResource<KubeObject>>();
  readonly admission: Admission;
  private readonly portClaims: KeyClaims;
  private readonly followers = new Set<Follower>();
  private readonly listeners = new Set<() => void>();
  private freshen = (): Promise<void> => Promise.resolve();

  /** Throws when a range is not one. */
  constructor(options: ResourceRegistryOptions) {
    this.options = options;
    this.portClaims = this.makePortClaims();
    this.admission = options.admission(this);
    this.addTable(strategiesOf(this.makeAllocator()));
  }

  resource<T extends KubeObject>(kind: Kind<T>): GenericResource<T> {
    const found = this.byKind.get(kind as Kind) ?? this.resources.get(kindId(kind));
    if (!found) throw notFoundPath();
    return found as unknown as GenericResource<T>;
  }

  /** As `resource`. */
  of<T extends KubeObject>(kind: Kind<T>): GenericResource<T> {
    return this.resource(kind);
  }

  /** undefined when it is not served. */
  find(group: string, version: string, plural: string): GenericResource<KubeObject> | undefined {
    const found = this.resources.get(`${group}/${version}/${plural}`);
    return found?.kind.isServed === false ? undefined : found;
  }

  /** As `find`; what is not known yet may have been defined on another server a moment ago. */
  async findFresh(group: string, version: string, plural: string): Promise<GenericResource<KubeObject> | undefined> {
    // Custom groups are domains.
    if (group.includes('.')) await this.freshen();
    return this.find(group, version, plural);
  }

  /** How to wait until everything is served that has been defined so far. */
  freshenBy(freshen: () => Promise<void>): void {
    this.freshen = freshen;
  }

  *kinds(): Iterable<Kind> {
    for (const { kind } of this.resources.values()) if (!kind.storedAs) yield kind;
  }

  /** Every version of every resource that clients can use. */
  *served(): Iterable<Kind> {
    for (const { kind } of this.resources.values()) if (kind.isServed !== false) yield kind;
  }

  kindOf(apiVersion: string, kind: string): Kind | undefined {
    for (const row of this.served())
      if (row.kind === kind && apiVersionOf(row) === apiVersion) return storedKindOf(row);
    return undefined;
  }

  followKinds(visit: (kind: Kind) => () => void): () => void {
    const follower = new Follower(visit);
    this.followers.add(follower);
    for (const kind of this.kinds()) follower.add(kind);
    return () => {
      this.followers.delete(follower);
      follower.end();
    };
  }

  /** Tells of every change of what is served, once it has happened. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Puts `rows` in the place of the resources `before`; either may be empty. Nobody sees a state in between. */
  replaceCustom(before: readonly Kind[], rows: readonly CustomRow[]): void {
    const gone = before.flatMap((kind) => this.resources.get(kindId(kind)) ?? []);
    for (const { kind } of gone) {
      this.byKind.delete(kind);
      this.resources.delete(kindId(kind));
      for (const follower of this.followers) follower.remove(kind);
    }
    for (const row of rows) this.addCustom(row);
    for (const each of gone) each.successor = this.successorOf(each);
    for (const { kind } of rows) if (!kind.storedAs) for (const follower of this.followers) follower.add(kind);
    for (const listener of this.listeners) listener();
  }

  /** Brings the records of taken node ports in line with the services; for a new leader. */
  repairAllocations(): Promise<RepairResult> {
    const { store, clock, log } = this.options;
    const { portClaims } = this;
    return repairAllocations({ store, portClaims, log, now: () => clock.date().getTime() });
  }

  private makePortClaims(): KeyClaims {
    const { store, cacheOf, clock } = this.options;
    const services = cacheOf(kinds.services).view;
    return new KeyClaims({
      store,
      subject: 'nodeports',
      now: () => clock.date().getTime(),
      known: () => new Set([...services.list()].flatMap(({ spec }) => nodePortsOf(spec).map(String))),
    });
  }

  private makeAllocator(): ServiceAllocator {
    const { cacheOf, random, serviceCidr, nodePorts: { first, last } = NODE_PORTS } = this.options;
    // It throws for what is no range, and does so now.
    const { cidr } = new AddressRange(serviceCidr);
    const { view } = cacheOf(kinds.servicecidrs);
    return new ServiceAllocator({
      ranges: () => usableRanges([...view.list()], cidr),
      ports: new PortRange(first, last),
      addressClaims: new AddressClaims({
        addresses: () => this.resource(kinds.ipaddresses),
        cache: cacheOf(kinds.ipaddresses),
      }),
      portClaims: this.portClaims,
      random,
    });
  }

  private addTable(strategies: Readonly<Record<string, unknown>>): void {
    const { cacheOf } = this.options;
    const conversions = conversionsOf();
    for (const [row, kind] of Object.entries(kinds) as [string, Kind][]) {
      const source = cacheOf(storedKindOf(kind));
      // The table of strategies is typed row by row; here the rows are looked at alike.
      const strategy = strategies[row] as Strategy;
      const conversion = conversions.get(kind);
      if (kind.storedAs && !conversion)
        throw new Error(`${kindId(kind)} is stored in another version, without a conversion`);
      const cache = conversion ? converted(source, conversion) : source;
      this.addResource({ kind, strategy, cache, conversion });
    }
  }

  private addCustom({ kind, strategy, cache, conversion, decode }: CustomRow): void {
    this.addResource({ kind, strategy, cache: converted(cache, conversion), conversion, decode });
  }

  private addResource(
    row: Pick<ResourceOptions<KubeObject>, 'kind' | 'strategy' | 'cache' | 'conversion' | 'decode'>,
  ): void {
    const { store, types, clock, log, newUid, random } = this.options;
    const { admission } = this;
    const fields = fieldManagerOf(row.kind, row.strategy, types);
    const shared = { store, admission, clock, log, newUid, random };
    const resource = new GenericResource({ ...row, fields, ...shared });
    this.resources.set(kindId(row.kind), resource);
    this.byKind.set(row.kind, resource);
  }

  private successorOf({ kind }: GenericResource<KubeObject>): GenericResource<KubeObject> | undefined {
    const next = this.find(kind.group, kind.version, kind.plural);
    return next?.kind.namespaced === kind.namespaced && next.kind.kind === kind.kind ? next : undefined;
  }
}

function fieldManagerOf(kind: Kind, { statusKeeps = [], parts = {} }: Strategy, types: TypeSources): FieldManager {
  const { status, kind: name } = kind;
  const partFields = new Map(Object.entries(parts).map(([subresource, { fields }]) => [subresource, fields]));
  const facts = { apiVersion: apiVersionOf(kind), kind: name, status, statusKeeps, partFields };
  return new FieldManager({ source: types.of(kind), ...facts });
}

function converted(source: ResourceCache<KubeObject>, conversion: Conversion): ConvertedCache<KubeObject> {
  return new ConvertedCache({ source, convert: (stored) => conversion.toServed(stored) });
}

/** Somebody who follows the kinds, and what ends his interest in each. */
class Follower {
  private readonly visit: (kind: Kind) => () => void;
  private readonly ends = new Map<Kind, () => void>();

  constructor(visit: (kind: Kind) => () => void) {
    this.visit = visit;
  }

  add(kind: Kind): void {
    this.ends.set(kind, this.visit(kind));
  }

  remove(kind: Kind): void {
    this.ends.get(kind)?.();
    this.ends.delete(kind);
  }

  end(): void {
    for (const kind of this.ends.keys()) this.remove(kind);
  }
}
