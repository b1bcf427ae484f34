/** What other API servers hold in namespaces: of them there are no views, so they are asked. */

export interface RemoteResource {
  readonly group: string;
  readonly version: string;
  /** The plural. */
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** What is known of them at once. */
export interface Elsewhere {
  /** Resources whose objects can be deleted, each in one of its versions. */
  deletable(): readonly RemoteResource[];
  /** As `group/version`: of what nobody tells now. */
  silent(): readonly string[];
  /** Calls the listener whenever either would answer differently. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

/** What a namespace holds of one resource. */
export interface Remains {
  /** `plural.group`; the dot stays where the group is empty, as Kubernetes has it. */
  readonly resource: string;
  readonly objects: number;
  /** How many objects each finalizer holds. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** Deletes all of a resource in a namespace and tells what is still there. Rejects with an Error that says what failed. */
export type EmptyElsewhere = (resource: RemoteResource, namespace: string) => Promise<Remains>;
