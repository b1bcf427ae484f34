/** What this server is writing, so that its cache need not parse again what comes back from the store. */

interface Pending<T> {
  /** The JSON, without a resourceVersion. */
  readonly value: Buffer;
  object: T;
}

/** More writes than this are hardly ever under way; the oldest are forgotten, and their objects parsed. */
const MAX_PENDING = 10_000;

export class WrittenObjects<T> {
  /** By the object's key, oldest first; the last write of each. */
  private readonly pending = new Map<string, Pending<T>>();

  expect(key: string, value: Buffer, object: T): void {
    this.pending.delete(key);
    this.pending.set(key, { value, object });
    if (this.pending.size <= MAX_PENDING) return;
    for (const oldest of this.pending.keys()) {
      this.pending.delete(oldest);
      break;
    }
  }

  /** The write has happened: from here on the object is this one, which has its resourceVersion. */
  landed(key: string, value: Buffer, object: T): void {
    const known = this.pending.get(key);
    if (known?.value === value) known.object = object;
  }

  /** The write of `value` did not happen. */
  forget(key: string, value: Buffer): void {
    if (this.pending.get(key)?.value === value) this.pending.delete(key);
  }

  /** The object whose JSON this is, if it was written here. Compared by content: whoever stored it, it is the same. */
  take(key: string, json: Buffer): T | undefined {
    const known = this.pending.get(key);
    if (!known?.value.equals(json)) return undefined;
    this.pending.delete(key);
    return known.object;
  }

  /** The JSON of an object that landed and that the store has not told of yet. */
  valueOf(key: string, object: T): Buffer | undefined {
    const known = this.pending.get(key);
    return known?.object === object ? known.value : undefined;
  }

  clear(): void {
    this.pending.clear();
  }
}
