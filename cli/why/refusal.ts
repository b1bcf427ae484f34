/** What can speak against a node. */
import type { Taint } from '../../api/types/core.v1.ts';

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
  /** It lacks the label that the pods are spread by. */
  | { readonly kind: 'no-domain'; readonly key: string }
  /** `count` pods are in its domain, `least` in the emptiest one. */
  | {
      readonly kind: 'spread';
      readonly key: string;
      readonly domain: string;
      readonly count: number;
      readonly least: number;
      readonly maxSkew: number;
    }
  /** No pod that the pod must be with is in its domain; undefined when it lacks the label. */
  | { readonly kind: 'alone'; readonly key: string; readonly domain: string | undefined; readonly wanted: string }
  /** In its domain is a pod that the pod must not be with, */
  | { readonly kind: 'shunned'; readonly key: string; readonly domain: string; readonly by: string }
  /** or one that must not be with the pod. */
  | { readonly kind: 'unwelcome'; readonly key: string; readonly domain: string; readonly by: string }
  /** The volume of one of its claims is elsewhere. */
  | { readonly kind: 'volume'; readonly claim: string; readonly place: string }
  | { readonly kind: 'pods'; readonly limit: number }
  | { readonly kind: 'port'; readonly port: number; readonly by: string };
