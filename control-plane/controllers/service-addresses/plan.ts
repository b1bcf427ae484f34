/** Plans for one cluster address: whoever has it has its IPAddress, and an IPAddress that nobody has goes. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { Service } from '../../../api/types/core.v1.ts';
import type { IPAddress } from '../../../api/types/networking.v1.ts';
import { addressObject, isAllocated, ownerUidOf } from '../../registry/allocation/address-object.ts';
import { type Action, type EventSeed, referenceTo, targetOf } from '../actions.ts';
import { type Moment, NOTHING, type Plan } from '../controller.ts';

/** Longer than any request may take: an address is taken before its service is written. */
const GRACE_MILLISECONDS = 5 * 60_000;

export interface AddressSnapshot {
  readonly address: string;
  readonly record: IPAddress | undefined;
  /** Services that have it. */
  readonly holders: readonly Service[];
}

export function planAddress({ address, record, holders }: AddressSnapshot, { date }: Moment): Plan {
  const [holder] = holders;
  if (!holder) return record && isAllocated(record) ? planLeft(record, date) : NOTHING;
  if (!record) return planLost(address, holder);
  const strangers = holders.filter(({ metadata }) => metadata.uid !== ownerUidOf(record));
  const actions = strangers.map((service): Action => ({
    do: 'record',
    event: warning(
      service,
      'ClusterIPAlreadyAllocated',
      `Cluster IP [IPv4]:${address} was assigned to multiple services; please recreate service`,
    ),
    why: 'two have one address',
  }));
  return { actions, reasons: strangers.map(({ metadata }) => `${metadata.name} has the address of another`) };
}

function planLost(address: string, service: Service): Plan {
  const { namespace = '', name = '', uid = '' } = service.metadata;
  const message = `Cluster IP [IPv4]:${address} is not allocated; repairing`;
  const action: Action = {
    do: 'create',
    kind: kinds.ipaddresses as Kind,
    object: addressObject(address, { namespace, name, uid }),
    event: warning(service, 'ClusterIPNotAllocated', message),
    why: 'a service has it',
  };
  return { actions: [action], reasons: [] };
}

function planLeft(record: IPAddress, date: Date): Plan {
  if (record.metadata.deletionTimestamp) return { ...NOTHING, reasons: ['it is going already'] };
  const after = Date.parse(record.metadata.creationTimestamp ?? '') + GRACE_MILLISECONDS - date.getTime();
  if (after > 0) return { ...NOTHING, after, reasons: ['its service may still be written'] };
  const { namespace = '', name = '' } = record.spec.parentRef ?? {};
  const action: Action = {
    do: 'collect',
    target: targetOf(kinds.ipaddresses as Kind, record),
    owners: [{ kind: kinds.services as Kind, namespace, name, uid: ownerUidOf(record) }],
    propagationPolicy: 'Background',
    resourceVersion: record.metadata.resourceVersion ?? '',
    why: 'no service has it',
  };
  return { actions: [action], reasons: [] };
}

function warning(service: Service, reason: string, message: string): EventSeed {
  return { about: referenceTo(kinds.services as Kind, service), type: 'Warning', reason, message };
}
