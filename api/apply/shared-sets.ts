import type { FieldSet } from './field-set.ts';

/** Sets of one kind that are remembered; the one that has gone longest without a new equal is forgotten first. */
const MAX_SETS = 128;

/**
 * Equal field sets made one. Objects that are written alike, as the pods of a Deployment are, have equal owners of equal
 * fields, and a set is several kilobytes of small objects: for the memory, and for the garbage collector to move about.
 */
export class SharedSets {
  private readonly byText = new Map<string, FieldSet>();

  /** A set that is equal to this one, which must have its elements in order: the same for all, while it is remembered. */
  of(set: FieldSet): FieldSet {
    const text = JSON.stringify(set);
    const shared = this.byText.get(text) ?? set;
    this.byText.delete(text);
    this.byText.set(text, shared);
    if (this.byText.size > MAX_SETS) {
      const [oldest = ''] = this.byText.keys();
      this.byText.delete(oldest);
    }
    return shared;
  }
}
