/** Everything a controller can do, as data. `executors.ts` has one function for each. */
import type { Kind } from '../../api/kinds.ts';
import { apiVersionOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import type { ServiceAccount, Taint } from '../../api/types/core.v1.ts';
import type { ObjectReference } from '../../api/types/core.v1.ts';
import type { OwnerReference } from '../../api/types/meta.v1.ts';
import type { RemoteResource } from './elsewhere.ts';

/** One object, and only as long as it has this uid; '' stands for any. */
export interface Target {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventSeed {
  readonly about: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What there is to say of an object that goes without saying. */
export type Announcement = Omit<EventSeed, 'about'>;

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** An RFC 7386 merge patch, as far as controllers need one: nested objects, and null to remove. */
export interface MergePatch {
  readonly [field: string]: unknown;
}

interface Common {
  /** Why, in words for the log. */
  readonly why: string;
  /** Recorded once the action has succeeded. */
  readonly event?: EventSeed;
}

export type Action = Common &
  (
    | { readonly do: 'create'; readonly kind: Kind; readonly object: KubeObject }
    | {
        readonly do: 'patch';
        readonly target: Target;
        readonly patch: MergePatch;
        /** Refuse when the object was written since. */
        readonly resourceVersion?: string;
      }
    | { readonly do: 'patch-status'; readonly target: Target; readonly patch: MergePatch }
    | {
        readonly do: 'set-status';
        readonly target: Target;
        readonly status: object;
        /** Refuse when the object was written since. */
        readonly resourceVersion?: string;
        /** Objects of which the store must confirm first that they are gone. */
        readonly gone?: readonly Target[];
      }
    | { readonly do: 'set-scale'; readonly target: Target; readonly replicas: number }
    | {
        readonly do: 'set-conditions';
        readonly target: Target;
        readonly conditions: readonly Condition[];
        readonly at: string;
      }
    | {
        readonly do: 'delete';
        readonly target: Target;
        readonly gracePeriodSeconds?: number;
        readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
        /** Refuse when the object was written since. */
        readonly resourceVersion?: string;
        /** Refuse while the store has this key. */
        readonly absent?: string;
      }
    | {
        /** The store must confirm first that the owner, which is in the target's namespace, is there to stay. */
        readonly do: 'add-owner';
        readonly target: Target;
        readonly ownerKind: Kind;
        readonly owner: OwnerReference;
        /** Added too. */
        readonly finalizer?: string;
        /** Refuse when the object was written since. */
        readonly resourceVersion?: string;
      }
    | {
        readonly do: 'remove-owners';
        readonly target: Target;
        readonly uids: readonly string[];
        /** Owners of which the store must confirm first that they are gone. */
        readonly gone?: readonly Target[];
      }
    | {
        readonly do: 'remove-finalizer';
        readonly target: Target;
        readonly finalizer: string;
        /** Refuse when the object was written since. */
        readonly resourceVersion?: string;
        /** Owners of which the store must confirm first that they are gone. */
        readonly gone?: readonly Target[];
      }
    | {
        readonly do: 'change-taints';
        readonly target: Target;
        readonly add: readonly Taint[];
        readonly remove: readonly Pick<Taint, 'key' | 'effect'>[];
      }
    | {
        /** Deletes an object whose owners, or what else it depends on, are all gone; the store must confirm that first. */
        readonly do: 'collect';
        readonly target: Target;
        readonly owners: readonly Target[];
        readonly propagationPolicy: 'Orphan' | 'Background' | 'Foreground';
        readonly gracePeriodSeconds?: number;
        readonly resourceVersion: string;
        /** Refuse while the store has this key. */
        readonly absent?: string;
      }
    | {
        readonly do: 'approve-certificate';
        readonly target: Target;
        readonly condition: Condition;
      }
    | { readonly do: 'sign-certificate'; readonly target: Target; readonly request: CertificateSigningRequest }
    | {
        /** Puts a token of the account, and what goes with it, into a secret. */
        readonly do: 'fill-token';
        readonly target: Target;
        readonly account: ServiceAccount;
        /** That of the authority, as PEM. */
        readonly certificate: string;
      }
    | {
        /** Deletes what other API servers hold in a namespace; fails, with what is left, until that is nothing. */
        readonly do: 'empty-elsewhere';
        readonly target: Target;
        readonly resources: readonly RemoteResource[];
      }
    | {
        /** Removes the finalizer from a claim once the store has confirmed that no pod uses that. */
        readonly do: 'release-claim';
        readonly target: Target;
        readonly finalizer: string;
      }
    | { readonly do: 'finalize-namespace'; readonly target: Target }
    | {
        /** Removes the finalizer once the store has confirmed that there is nothing of the kind. */
        readonly do: 'finalize-definition';
        readonly target: Target;
        readonly kind: Kind;
        readonly finalizer: string;
      }
    | {
        /** Asks the server behind it; fails when none answers. */
        readonly do: 'probe';
        readonly apiService: APIService;
      }
    | { readonly do: 'record'; readonly event: EventSeed }
  );

export type ActionOf<Verb extends Action['do']> = Extract<Action, { do: Verb }>;

export function targetOf(kind: Kind, object: KubeObject): Target {
  const { namespace = '', name = '', uid = '' } = object.metadata;
  return { kind, namespace, name, uid };
}

/** How an event names the object it is about. */
export function referenceTo(kind: Kind, object: KubeObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, namespace, name, uid, resourceVersion };
}

export function ownerReferenceTo(kind: Kind, object: KubeObject): OwnerReference {
  const { name = '', uid = '' } = object.metadata;
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true };
}
