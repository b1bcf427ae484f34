/** Gives services their cluster addresses and node ports, and takes them back. */
import { internalError, invalid } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../api/types/core.v1.ts';
import { FieldErrors } from '../../../api/validation/field-errors.ts';
import { HEADLESS } from '../../../api/validation/service-addresses.ts';
import { clusterAddressesOf, needsHealthPort, nodePortsOf } from '../../../api/validation/service.ts';
import type { RandomInteger } from '../../../api/machinery/name-generator.ts';
import type { Claim } from '../strategy.ts';
import type { AddressRange } from './address-range.ts';
import type { Claims, Owner } from './claims.ts';
import type { PortRange } from './port-range.ts';

/** Records that may be found taken, though the cache thought them free, before an allocation gives up. */
const MAX_MISSES = 256;

export interface ServiceAllocatorOptions {
  /** Where addresses may come from now, in the order in which they are to be used up. */
  ranges: () => readonly AddressRange[];
  ports: PortRange;
  addressClaims: Claims;
  portClaims: Claims;
  random: RandomInteger;
}

export class ServiceAllocator {
  private readonly options: ServiceAllocatorOptions;

  constructor(options: ServiceAllocatorOptions) {
    this.options = options;
  }

  /** Fills addresses and ports into `next.spec`. Rejects with Invalid for one that was asked for and is not to be had. */
  async claim(next: Service, previous: Service | undefined, dryRun: boolean): Promise<Claim> {
    const attempt = new Attempt(this.options, next, dryRun);
    try {
      await attempt.claimAddress(previous);
      await attempt.claimPorts(previous);
    } catch (error) {
      await attempt.undo();
      throw error;
    }
    return attempt;
  }

  async release(previous: Service, next: Service | undefined): Promise<void> {
    const { addressClaims, portClaims } = this.options;
    const uid = previous.metadata.uid ?? '';
    const addresses = clusterAddressesOf(previous.spec);
    const ports = nodePortsOf(previous.spec);
    const keptAddresses = new Set(next ? clusterAddressesOf(next.spec) : []);
    const keptPorts = new Set(next ? nodePortsOf(next.spec) : []);
    for (const address of addresses) if (!keptAddresses.has(address)) await addressClaims.giveBack(address, uid);
    for (const port of ports) if (!keptPorts.has(port)) await portClaims.giveBack(String(port), uid);
  }
}

/** One service's claims, so that all of them can be undone. */
class Attempt implements Claim {
  private readonly options: ServiceAllocatorOptions;
  private readonly service: Service;
  private readonly owner: Owner;
  private readonly dryRun: boolean;
  private readonly taken: { claims: Claims; value: string }[] = [];

  constructor(options: ServiceAllocatorOptions, service: Service, dryRun: boolean) {
    const { namespace = '', name = '', uid = '' } = service.metadata;
    this.options = options;
    this.service = service;
    this.owner = { namespace, name, uid };
    this.dryRun = dryRun;
  }

  async undo(): Promise<void> {
    for (const { claims, value } of this.taken.splice(0)) await claims.giveBack(value, this.owner.uid);
  }

  async claimAddress(previous: Service | undefined): Promise<void> {
    const { spec } = this.service;
    if (spec.type === 'ExternalName' || spec.clusterIP === HEADLESS) return;
    const before = new Set(previous ? clusterAddressesOf(previous.spec) : []);
    if (spec.clusterIP) {
      if (!before.has(spec.clusterIP)) await this.takeAddress(spec.clusterIP);
      return;
    }
    const { ranges, addressClaims, random } = this.options;
    let found: string | undefined;
    for (const range of ranges()) found ??= await this.takeFirst(addressClaims, range.candidates(random));
    if (found === undefined) throw internalError(new Error('failed to allocate a serviceIP: range is full'));
    spec.clusterIP = found;
    spec.clusterIPs = [found];
  }

  async claimPorts(previous: Service | undefined): Promise<void> {
    const { spec } = this.service;
    const ports = spec.ports ?? [];
    const before = new Set(previous ? nodePortsOf(previous.spec) : []);
    const mine = new Set(before);
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort || mine.has(port.nodePort)) continue;
      await this.takePort(port.nodePort, `spec.ports[${index}].nodePort`);
      mine.add(port.nodePort);
    }
    if (!needsNodePorts(spec)) return;
    for (const port of ports) if (!port.nodePort) port.nodePort = await this.findPort(port, ports);
    if (needsHealthPort(spec) && !spec.healthCheckNodePort) spec.healthCheckNodePort = await this.anyPort();
  }

  private async takeAddress(address: string): Promise<void> {
    const { addressClaims } = this.options;
    const ranges = this.options.ranges();
    if (!ranges.some((range) => range.contains(address))) {
      const range = ranges.find((each) => each.covers(address));
      const why = range
        ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`
        : 'the provided network does not match the current range';
      throw this.refuse('spec.clusterIPs', this.service.spec.clusterIPs, `failed to allocate IP ${address}: ${why}`);
    }
    if (!(await this.take(addressClaims, address))) {
      const why = `failed to allocate IP ${address}: provided IP is already allocated`;
      throw this.refuse('spec.clusterIPs', this.service.spec.clusterIPs, why);
    }
  }

  private async takePort(port: number, field: string): Promise<void> {
    const { ports, portClaims } = this.options;
    if (!ports.contains(port)) {
      throw this.refuse(
        field,
        port,
        `provided port is not in the valid range. The range of valid ports is ${ports.text}`,
      );
    }
    if (!(await this.take(portClaims, String(port))))
      throw this.refuse(field, port, 'provided port is already allocated');
  }

  /** The same port under another protocol keeps its number, as DNS over UDP and TCP wants it. */
  private async findPort(port: ServicePort, all: readonly ServicePort[]): Promise<number> {
    const twin = all.find((other) => other.port === port.port && other.protocol !== port.protocol && other.nodePort);
    return twin?.nodePort ?? this.anyPort();
  }

  private async anyPort(): Promise<number> {
    const { ports, portClaims, random } = this.options;
    const found = await this.takeFirst(portClaims, ports.candidates(random));
    if (found === undefined) throw internalError(new Error('failed to allocate a nodePort: range is full'));
    return found;
  }

  private async takeFirst<V extends string | number>(claims: Claims, candidates: Iterable<V>): Promise<V | undefined> {
    let known = claims.known();
    let misses = 0;
    for (const candidate of candidates) {
      if (known.has(String(candidate))) continue;
      if (await this.take(claims, String(candidate))) return candidate;
      // The cache is behind, or records were left over: what the store holds tells the rest apart.
      if (misses++ === 0) known = await claims.recorded();
      if (misses > MAX_MISSES) break;
    }
    return undefined;
  }

  private async take(claims: Claims, value: string): Promise<boolean> {
    if (this.dryRun) return (await claims.holderOf(value)) === undefined;
    const { held, fresh } = await claims.take(value, this.owner);
    if (fresh) this.taken.push({ claims, value });
    return held;
  }

  private refuse(field: string, value: unknown, detail: string): Error {
    const errors = new FieldErrors();
    errors.invalid(field, value, detail);
    return invalid(kinds.services, this.owner.name, errors.list);
  }
}

function needsNodePorts({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}
