/** How values of one type are read, for types that are not in the schema table. */

export interface Checked {
  object: unknown;
  /** Paths such as `spec.containers[0].foo`, at most a hundred. */
  unknown: string[];
}

export interface ObjectForm {
  /** As messages name it: `v1.CronTab`. */
  readonly name: string;
  /** Leaves out what the type does not know. Never edits `value`. Throws a DecodeError for what can't be such an object. */
  check(value: unknown): Checked;
}
