/**
 * Brings the records of taken ports in line with the services there are: run when a server becomes leader.
 * A service without a record gets one; a record whose service is gone is dropped, but not before the create that wrote it
 * must be over.
 */
import { kinds } from '../../../api/kinds.ts';
import type { Service } from '../../../api/types/core.v1.ts';
import { nodePortsOf } from '../../../api/validation/service.ts';
import type { Log } from '../../../lib/log.ts';
import type { Store } from '../../storage/port.ts';
import { storagePrefix } from '../keys.ts';
import { translated } from '../object-store.ts';
import type { Owner } from './claims.ts';
import type { HeldClaim, KeyClaims } from './key-claims.ts';

/** Longer than any request may take. */
const GRACE_MILLISECONDS = 5 * 60_000;

export interface RepairOptions {
  store: Store;
  portClaims: KeyClaims;
  now: () => number;
  log: Log;
}

export interface RepairResult {
  readonly added: number;
  readonly dropped: number;
  /** Things that two services hold. */
  readonly conflicts: number;
}

/** Safe to run at any time, on several servers at once. Rejects with a StatusError when the store can't be asked. */
export async function repairAllocations(options: RepairOptions): Promise<RepairResult> {
  // The records first: one that is written later belongs to a service this run need not know.
  const records = await options.portClaims.list();
  const services = await listServices(options.store);
  const ports = services.map((service) => ({ service, values: nodePortsOf(service.spec).map(String) }));
  const result = await repair(options.portClaims, records, ports, options);
  options.log.info({ ...result, services: services.length }, 'service allocations checked');
  return result;
}

interface Holding {
  readonly service: Service;
  readonly values: readonly string[];
}

async function repair(
  claims: KeyClaims,
  records: readonly HeldClaim[],
  holdings: readonly Holding[],
  { now, log }: RepairOptions,
): Promise<RepairResult> {
  const total = { added: 0, dropped: 0, conflicts: 0 };
  const held = new Set(
    holdings.flatMap(({ service, values }) => values.map((value) => `${value} ${service.metadata.uid}`)),
  );
  for (const record of records) {
    if (held.has(`${record.value} ${record.uid}`) || now() - record.at < GRACE_MILLISECONDS) continue;
    await claims.drop(record);
    total.dropped++;
  }
  for (const { service, values } of holdings) {
    const { namespace = '', name = '', uid = '' } = service.metadata;
    for (const value of values) await addMissing(claims, value, { namespace, name, uid }, total, log);
  }
  return total;
}

async function addMissing(
  claims: KeyClaims,
  value: string,
  owner: Owner,
  total: { added: number; conflicts: number },
  log: Log,
): Promise<void> {
  const { held, fresh } = await claims.take(value, owner);
  if (fresh) total.added++;
  if (held) return;
  total.conflicts++;
  const holder = await claims.holderOf(value);
  log.error({ value, service: owner, holder }, 'two services hold the same port');
}

async function listServices(store: Store): Promise<Service[]> {
  const { entries } = await translated(() => store.list(storagePrefix(kinds.services)));
  return entries.map(({ value }) => JSON.parse(value.toString('utf8')) as Service);
}
