/** What can speak against a node. */
import type { Taint } from '../../api/schema/types/core.v1.ts';

export type Refusal =
  | { readonly kind: 'cordoned' }
  | { readonly kind: 'not-ready'; readonly message: string }
  | { readonly kind: 'taint'; readonly taint: Taint }
  | { readonly kind: 'label'; readonly key: string; readonly wanted: string; readonly has: string | undefined }
  | { readonly kind: 'affinity'; readonly wanted: string }
  /** `asks`, `free` and `total` in thousandths of a core, or bytes. */
  | {
      readonly kind: 'room';
      readonly resource: 'cpu' | 'memory';
      readonly asks: number;
      readonly free: number;
      readonly total: number;
    }
  | { readonly kind: 'pods'; readonly limit: number }
  | { readonly kind: 'port'; readonly port: number; readonly by: string };
