/** What a kind has of its own on the way into the store. All else is generic. */
import type { FieldError } from '../../api/errors.ts';
import type { Kinds, ObjectOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { DeleteOptions, Subresource } from './port.ts';

/** What a strategy claims outside of its object (addresses, ports) for the time the object exists. */
export interface Claim {
  /** Gives back what was claimed anew, because the object was not written after all. */
  undo(): Promise<void>;
}

/** A part of an object that has a subresource and rules of its own, as `pods/resize` is. */
export interface Part<T extends KubeObject = KubeObject> {
  /** What is written through it, such as `spec.containers.*.resources`: of other fields it makes nobody the owner. */
  readonly fields: readonly string[];
  /** Puts back all that is not of the part; edits `next`. Runs twice: before and after admission. */
  prepare(next: T, previous: T, now: Date): void;
  readonly validate: (next: T, previous: T) => FieldError[];
}

export interface Strategy<T extends KubeObject = KubeObject> {
  /** The form of the kind's names. */
  readonly checkName: (name: string) => string[];
  /** Fills in what was left out; edits the object, which is the caller's own copy. */
  applyDefaults(object: T): void;
  /** Clears what clients may not set on a new object, which has its name and uid; edits it. */
  prepareForCreate?(object: T): void;
  /**
   * Restores what an update may not change; edits `next`. Status and spec are kept apart before this is called: for the
   * main resource `next.status` is the old one when the kind has a status subresource, for status `next.spec` is.
   */
  prepareForUpdate?(next: T, previous: T): void;
  prepareForStatusUpdate?(next: T, previous: T, now: Date): void;
  /** Sees a complete object, metadata already checked apart from its name's form. */
  readonly validate: (object: T) => FieldError[];
  /** What is asked only of new objects, in addition to `validate`. */
  readonly validateNew?: (object: T) => FieldError[];
  /** What to say to whoever writes a valid object (`previous` is absent for a new one) that had better be written otherwise. */
  readonly warnings?: (next: T, previous: T | undefined) => string[];
  /** The same of a status. */
  readonly statusWarnings?: (next: T) => string[];
  /** Adds to a new object what can be worked out only once it is known to be valid; edits it. */
  completeNew?(object: T): void;
  /** What may not change, in addition to `validate(next)`, which the generic code calls too unless `validatesUpdateAlone`. */
  readonly validateUpdate?: (next: T, previous: T) => FieldError[];
  /** `validateUpdate` says everything about an update: `validate` is not asked again. */
  readonly validatesUpdateAlone?: boolean;
  readonly validateStatusUpdate?: (next: T, previous: T) => FieldError[];
  /** Fields of the metadata that `prepareForStatusUpdate` restores, such as `metadata.labels`: who writes a status owns none. */
  readonly statusKeeps?: readonly string[];
  /** By subresource. Metadata is checked by the generic code; of the rest a part says everything. */
  readonly parts?: { readonly [Name in Exclude<Subresource, 'status'>]?: Part<T> };

  /** The object has a generation, counted up when anything but metadata and status changes; of some kinds new objects have none. */
  readonly generation?: boolean | 'from the first change';
  /** A further reason to count the generation up. */
  bumpsGeneration?(next: T, previous: T): boolean;
  /** PUT without a resourceVersion replaces whatever is there. Default true. */
  readonly unconditionalUpdate?: boolean;
  /** PUT of what does not exist creates it. Default false. */
  readonly createOnUpdate?: boolean;
  /** Written with this time to live. */
  readonly ttlSeconds?: number;

  /** What becomes of dependents when a delete does not say. `Background` when absent. */
  readonly defaultPropagation?: NonNullable<DeleteOptions['propagationPolicy']>;

  /** Seconds between marking and removing the object; undefined when the kind knows no grace. */
  graceSeconds?(object: T, options: DeleteOptions): number;
  /** Finalizers the kind keeps outside of its metadata still hold the object. */
  isHeld?(object: T): boolean;
  /** Further edits when the object is marked as being deleted. */
  markDeleting?(object: T): void;

  /** Claims what the object needs before it is written, filling it in; rejects with a StatusError. Claims nothing on a dry run. */
  claim?(next: T, previous: T | undefined, dryRun: boolean): Promise<Claim>;
  /** Gives back what `previous` held and `next` (undefined: it is gone) does not. */
  release?(previous: T, next: T | undefined): Promise<void>;
}

/** The strategy of each row of a table of kinds. */
export type StrategiesOf<Table extends Kinds> = { readonly [Key in keyof Table]: Strategy<ObjectOf<Table[Key]>> };
