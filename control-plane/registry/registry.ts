/** All resources that are served, made of the table of kinds, their strategies, the caches and the store. */
import { type Kind, kinds } from '../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { AdmissionChain } from '../admission/chain.ts';
import { NamespaceLifecycle } from '../admission/namespace-lifecycle.ts';
import type { AdmissionPlugin } from '../admission/port.ts';
import { priorityAdmission } from '../admission/priority.ts';
import { ServiceAccountAdmission } from '../admission/service-account.ts';
import type { ResourceCache } from '../cacher/port.ts';
import type { Store } from '../storage/port.ts';
import { AddressRange } from './allocation/address-range.ts';
import { Claims } from './allocation/claims.ts';
import { PortRange } from './allocation/port-range.ts';
import { repairAllocations, type RepairResult } from './allocation/repair.ts';
import { ServiceAllocator } from './allocation/service-allocator.ts';
import type { RandomInteger } from './name-generator.ts';
import type { Registry } from './port.ts';
import { GenericResource } from './resource.ts';
import { strategiesOf } from './strategies/all.ts';
import type { Strategy } from './strategy.ts';

export interface ResourceRegistryOptions {
  store: Store;
  /** The cache of a kind; asked once for each kind, at construction. */
  cacheOf: <T extends KubeObject>(kind: Kind<T>) => ResourceCache<T>;
  clock: Clock;
  log: Log;
  /** A new UUID. */
  newUid: () => string;
  random: RandomInteger;
  /** Where cluster addresses of services come from, such as `10.96.0.0/12`. */
  serviceCidr: string;
  /** Where node ports come from: `30000-32767` when absent. */
  nodePorts?: { first: number; last: number };
  /** Rules that run after the built-in ones. */
  admission?: readonly AdmissionPlugin[];
}

const NODE_PORTS = { first: 30_000, last: 32_767 };

export class ResourceRegistry implements Registry {
  private readonly options: ResourceRegistryOptions;
  private readonly resources = new Map<string, GenericResource<KubeObject>>();
  private readonly addressClaims: Claims;
  private readonly portClaims: Claims;

  /** Throws when a range is not one. */
  constructor(options: ResourceRegistryOptions) {
    const { store, cacheOf, clock, random, serviceCidr } = options;
    this.options = options;
    const now = (): number => clock.date().getTime();
    this.addressClaims = new Claims({ store, subject: 'clusterips', now });
    this.portClaims = new Claims({ store, subject: 'nodeports', now });
    const { first, last } = options.nodePorts ?? NODE_PORTS;
    const caches = new Map<Kind, ResourceCache<KubeObject>>();
    for (const kind of Object.values(kinds) as Kind[]) caches.set(kind, cacheOf(kind));
    const allocator = new ServiceAllocator({
      addresses: new AddressRange(serviceCidr),
      ports: new PortRange(first, last),
      addressClaims: this.addressClaims,
      portClaims: this.portClaims,
      services: cacheOf(kinds.services).view,
      random,
    });
    this.addResources(strategiesOf(allocator), caches);
  }

  resource<T extends KubeObject>(kind: Kind<T>): GenericResource<T> {
    const found = this.resources.get(idOf(kind.group, kind.version, kind.plural));
    if (!found) throw new Error(`${kind.plural} of ${kind.group || 'core'}/${kind.version} are not served`);
    return found as unknown as GenericResource<T>;
  }

  /** As `resource`. */
  of<T extends KubeObject>(kind: Kind<T>): GenericResource<T> {
    return this.resource(kind);
  }

  /** undefined when it is not served. */
  find(group: string, version: string, plural: string): GenericResource<KubeObject> | undefined {
    return this.resources.get(idOf(group, version, plural));
  }

  *kinds(): Iterable<Kind> {
    for (const { kind } of this.resources.values()) yield kind;
  }

  /** Brings the records of taken service addresses and ports in line with the services; for a new leader. */
  repairAllocations(): Promise<RepairResult> {
    const { store, clock, log } = this.options;
    const { addressClaims, portClaims } = this;
    return repairAllocations({ store, addressClaims, portClaims, log, now: () => clock.date().getTime() });
  }

  private addResources(
    strategies: Readonly<Record<string, unknown>>,
    caches: ReadonlyMap<Kind, ResourceCache<KubeObject>>,
  ): void {
    const { store, clock, log, newUid, random } = this.options;
    const admission = new AdmissionChain([...this.builtInAdmission(), ...(this.options.admission ?? [])]);
    for (const [plural, kind] of Object.entries(kinds) as [string, Kind][]) {
      const cache = caches.get(kind)!;
      // The table of strategies is typed row by row; here the rows are looked at alike.
      const strategy = strategies[plural] as Strategy<KubeObject>;
      const resource = new GenericResource({ kind, strategy, cache, store, admission, clock, log, newUid, random });
      this.resources.set(idOf(kind.group, kind.version, kind.plural), resource);
    }
  }

  /** The rules that always hold. They ask for the resources when they are used, not now: those are still being made. */
  private builtInAdmission(): AdmissionPlugin[] {
    return [
      new NamespaceLifecycle({
        known: (name) => this.resource(kinds.namespaces).view.get(name),
        get: (name) => this.resource(kinds.namespaces).get('', name),
      }),
      new ServiceAccountAdmission({
        known: (namespace, name) => this.resource(kinds.serviceaccounts).view.get(objectKey(namespace, name)),
        get: (namespace, name) => this.resource(kinds.serviceaccounts).get(namespace, name),
      }),
      priorityAdmission,
    ];
  }
}

function idOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
