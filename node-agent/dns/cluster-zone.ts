/**
 * The cluster's names, answered from the services and endpoints as they are now: the Kubernetes DNS specification,
 * version 1.1.0. Reads the views and nothing else.
 */
import type { Service, ServicePort } from '../../api/types/core.v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/types/discovery.v1.ts';
import { contains, isIPv4 } from '../network/address.ts';
import { serviceBlocks } from '../network/service-blocks.ts';
import type { ClusterSettings, DesiredState } from '../state/port.ts';
import type { ZoneAnswer, ZoneRecord } from './encode.ts';
import { RCODE, TYPE } from './wire.ts';

/** How long clients may keep an answer, in seconds. */
const TTL = 5;
const SPECIFICATION_VERSION = '1.1.0';

export interface ClusterZoneOptions {
  settings: ClusterSettings;
  desired: Pick<DesiredState, 'services' | 'endpointslices' | 'servicecidrs'>;
}

/** What a name stands for. */
interface Found {
  records: ZoneRecord[];
  additionals?: ZoneRecord[];
}

interface Host {
  name: string;
  address: string;
}

export class ClusterZone {
  readonly domain: string;
  private readonly settings: ClusterSettings;
  private readonly desired: ClusterZoneOptions['desired'];
  private readonly keysByAddress = new Map<string, Set<string>>();
  private readonly addressesByKey = new Map<string, ReadonlySet<string>>();
  private readonly servicesByNamespace = new Map<string, number>();
  private serial = 1;

  constructor({ settings, desired }: ClusterZoneOptions) {
    this.settings = settings;
    this.domain = settings.clusterDomain.toLowerCase().replace(/\.$/, '');
    this.desired = desired;
  }

  /** Must be told of each service, by key, that was added, changed or removed, or whose endpoints were. */
  refresh(key: string): void {
    this.serial = (this.serial + 1) >>> 0;
    const service = this.desired.services.get(key);
    const before = this.addressesByKey.get(key);
    const now = service ? new Set(this.addressesOf(service, key)) : undefined;
    for (const address of before ?? []) if (!now?.has(address)) this.unlink(address, key);
    for (const address of now ?? []) {
      const keys = this.keysByAddress.get(address) ?? new Set();
      this.keysByAddress.set(address, keys.add(key));
    }
    if (now) this.addressesByKey.set(key, now);
    else this.addressesByKey.delete(key);
    if (!before !== !now) this.countNamespace(key, now ? 1 : -1);
  }

  /** Whether this zone, or the reverse zone of the cluster's addresses, has the say about `name`. */
  owns(name: string): boolean {
    if (name === this.domain || name.endsWith(`.${this.domain}`)) return true;
    const address = reversedAddress(name);
    return address !== undefined && this.isClusterAddress(address);
  }

  /** The answer about a name that it owns, in lower case without a dot at the end. */
  answer(name: string, type: number): ZoneAnswer {
    const found = this.find(name, type);
    const rcode = found ? RCODE.NOERROR : RCODE.NXDOMAIN;
    const answers = (found?.records ?? []).filter((record) => matches(record, type));
    if (answers.length === 0) return { rcode, answers, authorities: [this.soa()], additionals: [] };
    return { rcode, answers, authorities: [], additionals: found?.additionals ?? [] };
  }

  /** The service, by key, that an answer about `name` is drawn from; undefined when it is from none or from several. */
  serviceOf(name: string): string | undefined {
    const labels = this.relative(name);
    if (labels?.at(-1) !== 'svc' || labels.length < 3) return undefined;
    return `${labels.at(-2)}/${labels.at(-3)}`;
  }

  private relative(name: string): string[] | undefined {
    if (name === this.domain) return [];
    return name.endsWith(`.${this.domain}`) ? name.slice(0, -this.domain.length - 1).split('.') : undefined;
  }

  private find(name: string, type: number): Found | undefined {
    const labels = this.relative(name);
    if (!labels) return this.findReverse(name);
    if (labels.length === 0) return { records: [this.soa(), this.record('NS', name, `ns.dns.${this.domain}`)] };
    const kind = labels.at(-1);
    if (kind === 'svc') return this.findInNamespaces(name, labels.slice(0, -1), type);
    if (kind === 'pod') return this.findPod(name, labels.slice(0, -1));
    if (name === `dns-version.${this.domain}`)
      return { records: [{ name, ttl: TTL, type: 'TXT', text: SPECIFICATION_VERSION }] };
    if (name === `ns.dns.${this.domain}`) return { records: [this.addressRecord(name, this.settings.clusterDns)] };
    return name === `dns.${this.domain}` ? { records: [] } : undefined;
  }

  private findInNamespaces(name: string, labels: string[], type: number): Found | undefined {
    const [namespace, serviceName, ...rest] = labels.toReversed();
    if (namespace === undefined) return { records: [] };
    if (serviceName === undefined) return this.servicesByNamespace.has(namespace) ? { records: [] } : undefined;
    const key = `${namespace}/${serviceName}`;
    const service = this.desired.services.get(key);
    if (!service) return undefined;
    const own = `${serviceName}.${namespace}.svc.${this.domain}`;
    if (rest.length === 0) return this.findService(name, service, key, type);
    const [first = '', second, ...more] = rest;
    if (more.length > 0 || service.spec?.type === 'ExternalName') return undefined;
    if (/^_(tcp|udp|sctp)$/.test(first)) return this.findPort(name, service, key, own, first.slice(1), second);
    return second === undefined ? this.findEndpoint(name, service, key, own) : undefined;
  }

  private findService(name: string, service: Service, key: string, type: number): Found | undefined {
    const { externalName, type: kind, ports } = service.spec ?? {};
    if (kind === 'ExternalName')
      return {
        records: externalName ? [this.record('CNAME', name, externalName.toLowerCase().replace(/\.$/, ''))] : [],
      };
    const hosts = isHeadless(service) ? this.hosts(key, name) : undefined;
    // Section 2.4.1: without a ready endpoint there is no such name.
    if (hosts?.length === 0) return undefined;
    if (type === TYPE.SRV) return this.srv(name, service, key, name, ports ?? []);
    const addresses = hosts?.map(({ address }) => address) ?? clusterAddresses(service);
    return { records: [...new Set(addresses)].map((address) => this.addressRecord(name, address)) };
  }

  /** `_port._protocol.service`, and the `_protocol.service` above it. */
  private findPort(
    name: string,
    service: Service,
    key: string,
    own: string,
    protocol: string,
    port: string | undefined,
  ): Found | undefined {
    const ofProtocol = this.namedPorts(service, key).filter(
      (each) => (each.protocol ?? 'TCP').toLowerCase() === protocol,
    );
    if (port === undefined) return ofProtocol.length > 0 ? { records: [] } : undefined;
    const named = ofProtocol.filter((each) => each.name && `_${each.name}` === port);
    return named.length > 0 ? this.srv(name, service, key, own, named) : undefined;
  }

  private findEndpoint(name: string, service: Service, key: string, own: string): Found | undefined {
    if (!isHeadless(service)) return undefined;
    const hosts = this.hosts(key, own).filter((host) => host.name === name);
    return hosts.length > 0 ? { records: hosts.map(({ address }) => this.addressRecord(name, address)) } : undefined;
  }

  /** `1-2-3-4.namespace.pod`: the address that the name itself says, whichever it is (section 2.6). */
  private findPod(name: string, labels: string[]): Found | undefined {
    const [dashed, namespace, ...more] = labels.length === 1 ? [undefined, labels[0]] : labels;
    if (more.length > 0) return undefined;
    if (dashed === undefined)
      return namespace === undefined || this.servicesByNamespace.has(namespace) ? { records: [] } : undefined;
    const address = dashed.replaceAll('-', '.');
    if (!isIPv4(address)) return undefined;
    return { records: [this.addressRecord(name, address)] };
  }

  private findReverse(name: string): Found | undefined {
    const address = reversedAddress(name) ?? '';
    const records: ZoneRecord[] = [];
    for (const key of this.keysByAddress.get(address) ?? []) {
      const service = this.desired.services.get(key);
      if (!service) continue;
      const own = this.nameOf(key);
      if (clusterAddresses(service).includes(address)) records.push(this.record('PTR', name, own));
      if (!isHeadless(service)) continue;
      const hosts = this.hosts(key, own).filter((host) => host.address === address);
      records.push(...hosts.map((host) => this.record('PTR', name, host.name)));
    }
    return records.length > 0 ? { records } : undefined;
  }

  private srv(name: string, service: Service, key: string, own: string, ports: readonly ServicePort[]): Found {
    const headless = isHeadless(service);
    const hosts = headless
      ? this.hosts(key, own)
      : clusterAddresses(service).map((address) => ({ name: own, address }));
    const targets = [...new Set(hosts.map((host) => host.name))];
    const records = ports.flatMap((port) =>
      targets.map((target): ZoneRecord => {
        const number = headless ? (this.endpointPort(key, port) ?? port.port) : port.port;
        const weight = Math.max(1, Math.floor(100 / (targets.length * ports.length)));
        return { name, ttl: TTL, type: 'SRV', port: number, weight, target };
      }),
    );
    return { records, additionals: hosts.map((host) => this.addressRecord(host.name, host.address)) };
  }

  /** The ready endpoints of a headless service with the names they are known by. */
  private hosts(key: string, own: string): Host[] {
    return [...this.slices(key)].flatMap((slice) =>
      (slice.endpoints ?? []).filter(isReady).flatMap(({ hostname, addresses }) =>
        addresses.map((address) => ({
          name: `${(hostname || address.replaceAll('.', '-')).toLowerCase()}.${own}`,
          address,
        })),
      ),
    );
  }

  private namedPorts(service: Service, key: string): ServicePort[] {
    const ports = service.spec?.ports ?? [];
    if (ports.length > 0 || !isHeadless(service)) return ports;
    return [...this.slices(key)].flatMap((slice) =>
      (slice.ports ?? []).flatMap((each) => (each.port === undefined ? [] : [{ ...each, port: each.port }])),
    );
  }

  private endpointPort(key: string, { name, protocol }: ServicePort): number | undefined {
    for (const slice of this.slices(key)) {
      const found = slice.ports?.find(
        (each) => (each.name ?? '') === (name ?? '') && (each.protocol ?? 'TCP') === (protocol ?? 'TCP'),
      );
      if (found?.port !== undefined) return found.port;
    }
    return undefined;
  }

  private *slices(key: string): Iterable<EndpointSlice> {
    for (const slice of this.desired.endpointslices.byIndex('service', key))
      if (slice.addressType === 'IPv4') yield slice;
  }

  private addressesOf(service: Service, key: string): string[] {
    return isHeadless(service) ? this.hosts(key, '').map(({ address }) => address) : clusterAddresses(service);
  }

  private unlink(address: string, key: string): void {
    const keys = this.keysByAddress.get(address);
    keys?.delete(key);
    if (keys?.size === 0) this.keysByAddress.delete(address);
  }

  private countNamespace(key: string, by: number): void {
    const namespace = key.slice(0, key.indexOf('/'));
    const count = (this.servicesByNamespace.get(namespace) ?? 0) + by;
    if (count > 0) this.servicesByNamespace.set(namespace, count);
    else this.servicesByNamespace.delete(namespace);
  }

  private nameOf(key: string): string {
    return `${key.split('/').toReversed().join('.')}.svc.${this.domain}`;
  }

  private isClusterAddress(address: string): boolean {
    const { clusterCidr, serviceCidr } = this.settings;
    const blocks = [clusterCidr, ...serviceBlocks(serviceCidr, this.desired.servicecidrs.list())];
    return blocks.some((block) => contains(block, address));
  }

  private addressRecord(name: string, address: string): ZoneRecord {
    return { name, ttl: TTL, type: 'A', address };
  }

  private record(type: 'CNAME' | 'PTR' | 'NS', name: string, target: string): ZoneRecord {
    return { name, ttl: TTL, type, target };
  }

  private soa(): ZoneRecord {
    return {
      name: this.domain,
      ttl: TTL,
      type: 'SOA',
      primary: `ns.dns.${this.domain}`,
      mailbox: `hostmaster.${this.domain}`,
      serial: this.serial,
      minimum: TTL,
    };
  }
}

function matches({ type: own }: ZoneRecord, type: number): boolean {
  return TYPE[own] === type || own === 'CNAME' || type === TYPE.ANY;
}

function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === 'None';
}

function clusterAddresses({ spec }: Service): string[] {
  return [...new Set([spec?.clusterIP, ...(spec?.clusterIPs ?? [])])].filter(
    (address): address is string => address !== undefined && isIPv4(address),
  );
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready ?? true;
}

const REVERSE_SUFFIX = '.in-addr.arpa';

function reversedAddress(name: string): string | undefined {
  if (!name.endsWith(REVERSE_SUFFIX)) return undefined;
  const address = name.slice(0, -REVERSE_SUFFIX.length).split('.').toReversed().join('.');
  return isIPv4(address) ? address : undefined;
}
