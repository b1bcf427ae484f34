/** What a row in the table of resources says. */
import type { KubeObject } from '../object.ts';
import type { Column } from './column.ts';
import type { ObjectForm } from '../schema/form.ts';
import type { JSONSchemaProps } from '../types/apiextensions.v1.ts';

/** What hangs below an object of a kind, such as `pods/log`, and has a handler of its own. */
export interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  /** The type that is sent to it or comes from it. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** That type's name in the schema table. */
  readonly schema: string;
}

export const VERBS: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** A path of field names, such as ['spec', 'replicas']. */
export type FieldNames = readonly string[];

/** Where the objects of a kind keep what its scale subresource shows. */
export interface ScalePaths {
  readonly specReplicas: FieldNames;
  readonly statusReplicas: FieldNames;
  /** To the text of a label selector; absent when the kind has none. */
  readonly labelSelector?: FieldNames;
}

/** Reads a field as field selectors compare it. */
export type FieldReader<T extends KubeObject = KubeObject> = (object: T) => string;

export interface Kind<T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Of lists of it: `PodList`. */
  readonly listKind: string;
  /** As it stands in paths. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** The type's name in the schema table. */
  readonly schema: string;
  /** Subresources that the generic code serves; the others (log, exec, binding, eviction) have handlers of their own. */
  readonly status: boolean;
  readonly scale: boolean;
  /** Those of the kind itself, as discovery tells them. */
  readonly verbs: readonly string[];
  /** Besides `status` and `scale`. */
  readonly subresources: readonly Subresource[];
  /**
   * The row as which objects of this one are stored, when that is another: a resource can be served in several versions and
   * is stored in one. The registry is given a `Conversion` between the two; the store and the caches know the stored one only.
   */
  readonly storedAs?: Kind;

  /** What follows is what custom resources bring with them; for all others it stands in tables of its own. */

  /** False for the stored version of a resource that is served in other versions only. */
  readonly isServed?: boolean;
  /** How objects are read, when not by the schema table. */
  readonly form?: ObjectForm;
  /** What OpenAPI says about it, when that is not in the schema table. */
  readonly published?: JSONSchemaProps;
  /** The columns of its tables, when they are not in `api/printing/table.ts`. */
  readonly columns?: readonly Column<KubeObject>[];
  /** What field selectors can name, besides the object's name and namespace. */
  readonly fieldLabels?: ReadonlyMap<string, FieldReader>;
  /** When not `spec.replicas`, `status.replicas` and `spec.selector`. */
  readonly scalePaths?: ScalePaths;
  /** Whoever uses this version is warned with these words. */
  readonly deprecation?: string;
  /** Never set: carries the object's type for the compiler. */
  readonly object?: T;
}

/** Rows by the name they have in the table: the plural, or `plural.group` where two groups share one. */
export type Kinds = Readonly<Record<string, Kind>>;

/** The type of the objects of a row. */
export type ObjectOf<Row> = Row extends { readonly object?: infer T } ? NonNullable<T> : never;

export type Row = Partial<Omit<Kind, 'object'>> & Pick<Kind, 'kind' | 'plural' | 'schema'>;

/** A row with what most rows have in common filled in. */
export function kind<T extends KubeObject>(row: Row): Kind<T> {
  return {
    group: '',
    version: 'v1',
    listKind: `${row.kind}List`,
    singular: row.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    status: false,
    scale: false,
    verbs: VERBS,
    subresources: [],
    ...row,
  };
}

const STATUS_VERBS = ['get', 'patch', 'update'];

/** All that hangs below an object of the kind, sorted by name. */
export function subresourcesOf(kind: Kind): Subresource[] {
  const { group, version, schema } = kind;
  const found = [...kind.subresources];
  if (kind.status) found.push({ name: 'status', verbs: STATUS_VERBS, group, version, kind: kind.kind, schema });
  if (kind.scale) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: 'io.k8s.api.autoscaling.v1.Scale' };
    found.push({ name: 'scale', verbs: STATUS_VERBS, ...scale });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `pods`, or `deployments.apps`: how messages name a resource. */
export function qualifiedResource(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** The row as which its objects are stored: itself, unless it says otherwise. */
export function storedKindOf(kind: Kind): Kind {
  return kind.storedAs ?? kind;
}

/** `apps/v1/deployments`: names a row of the table. */
export function kindId({ group, version, plural }: Kind): string {
  return `${group}/${version}/${plural}`;
}
