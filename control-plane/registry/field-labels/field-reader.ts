/** The form of a table of field labels. */
import type { FieldReader, Kinds, ObjectOf } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';

export type { FieldReader };
export type Labels<T extends KubeObject> = Readonly<Record<string, FieldReader<T>>>;

/** The labels of those rows of a table of kinds that have any beyond name and namespace. */
export type LabelsOf<Table extends Kinds> = { readonly [Key in keyof Table]?: Labels<ObjectOf<Table[Key]>> };
