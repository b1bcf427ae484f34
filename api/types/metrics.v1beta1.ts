// Made by ../generate.ts; change the table, not this file.
import type * as meta_v1 from './meta.v1.ts';

export interface ContainerMetrics {
  name: string;
  usage: Record<string, string>;
}

export interface NodeMetrics extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  timestamp: string;
  window: string;
  usage: Record<string, string>;
}

export interface NodeMetricsList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: NodeMetrics[];
}

export interface PodMetrics extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  timestamp: string;
  window: string;
  containers: ContainerMetrics[];
}

export interface PodMetricsList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: PodMetrics[];
}
