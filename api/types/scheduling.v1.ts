// Made by ../generate.ts; change the table, not this file.
import type * as meta_v1 from './meta.v1.ts';

export interface PriorityClass extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  value: number;
  globalDefault?: boolean;
  description?: string;
  preemptionPolicy?: string;
}

export interface PriorityClassList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: PriorityClass[];
}
