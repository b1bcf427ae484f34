// Made by ../generate.ts; change the table, not this file.
import type * as meta_v1 from './meta.v1.ts';

export interface Lease extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  spec: LeaseSpec;
}

export interface LeaseList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: Lease[];
}

export interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
  strategy?: string;
  preferredHolder?: string;
}
