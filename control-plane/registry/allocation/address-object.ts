/** What the IPAddress of a service's cluster address says. */
import type { IPAddress } from '../../../api/types/networking.v1.ts';
import type { Owner } from './claims.ts';

const FAMILY = 'ipaddress.kubernetes.io/ip-family';
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const ALLOCATOR = 'ipallocator.k8s.io';
/** A service that is made again under its name is another; the reference to the parent does not tell them apart. */
const OWNER_UID = 'dure.internal/service-uid';

export function addressObject(address: string, { namespace, name, uid }: Owner): IPAddress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: address,
      labels: { [FAMILY]: 'IPv4', [MANAGED_BY]: ALLOCATOR },
      annotations: { [OWNER_UID]: uid },
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  };
}

/** Somebody else's addresses are left alone, and hold no range back. */
export function isAllocated({ metadata }: IPAddress): boolean {
  return metadata.labels?.[MANAGED_BY] === ALLOCATOR;
}

/** '' when it is not a service's. */
export function ownerUidOf({ metadata }: IPAddress): string {
  return metadata.annotations?.[OWNER_UID] ?? '';
}
