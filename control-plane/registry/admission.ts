/** Admission: what stands between an authorized request and the registry's own rules. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';

/** Who asks. Absent when it is a part of the control plane itself. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AdmissionRequest<T extends KubeObject = KubeObject> {
  /** CONNECT: a stream to a subresource such as `exec`; `object` holds what it was opened with. */
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly kind: Kind;
  readonly namespace: string;
  /** '' when it is still to be generated. */
  readonly name: string;
  readonly subresource: string | undefined;
  /** The object to be written, the request's own copy; undefined for a delete. */
  readonly object: T | undefined;
  /** What is there now; undefined for a create. Never edited. */
  readonly previous: T | undefined;
  readonly dryRun: boolean;
  readonly user: User | undefined;
  /** Of `object`, where it is not of `kind`: that of a subresource. */
  readonly objectKind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** The second round of mutation, because a plugin changed the object after others had seen it. */
  readonly isReinvocation?: boolean;
  /** Warns whoever asks. */
  warn(text: string): void;
  /** Notes something for the audit log; nobody keeps one when absent. */
  annotate?: ((key: string, value: string) => void) | undefined;
}

/**
 * One rule. Both hooks refuse by throwing a `StatusError`. A request may pass more than once, when its write lost a race,
 * so hooks have no effects of their own.
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Whether the plugin has anything to say; asked before either hook. */
  handles(request: AdmissionRequest): boolean;
  /**
   * Fills in or changes the object, by editing it. True: the plugins before shall see it again, which happens once.
   */
  mutate?(request: AdmissionRequest): void | boolean | Promise<void | boolean>;
  /** Sees the object as all plugins and the defaults left it. */
  validate?(request: AdmissionRequest): void | Promise<void>;
}

export interface Admission {
  mutate(request: AdmissionRequest): Promise<void>;
  validate(request: AdmissionRequest): Promise<void>;
}
