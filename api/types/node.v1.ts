// Made by ../generate.ts; change the table, not this file.
import type * as core_v1 from './core.v1.ts';
import type * as meta_v1 from './meta.v1.ts';

export interface Overhead {
  podFixed?: Record<string, string>;
}

export interface RuntimeClass extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  handler: string;
  overhead?: Overhead;
  scheduling?: Scheduling;
}

export interface RuntimeClassList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: RuntimeClass[];
}

export interface Scheduling {
  nodeSelector?: Record<string, string>;
  tolerations?: core_v1.Toleration[];
}
