/** Items in the order of their keys, kept so while single ones come and go. */
export class SortedItems<T extends { readonly key: string }> {
  private items: readonly T[];
  /** `items` again when nobody else holds it, so that it may be edited. */
  private own: T[] | undefined;

  /** `items` must be in the order of their keys. */
  constructor(items: readonly T[] = []) {
    this.items = items;
  }

  get size(): number {
    return this.items.length;
  }

  get(key: string): T | undefined {
    const found = this.items[this.position(key)];
    return found?.key === key ? found : undefined;
  }

  /** Adds the item or takes it in place of the one with its key. */
  set(item: T): void {
    const at = this.position(item.key);
    const items = this.editable();
    if (items[at]?.key === item.key) items[at] = item;
    else items.splice(at, 0, item);
  }

  delete(key: string): void {
    const at = this.position(key);
    if (this.items[at]?.key === key) this.editable().splice(at, 1);
  }

  /** All items; later changes leave what was returned as it is. */
  all(): readonly T[] {
    this.own = undefined;
    return this.items;
  }

  /** Those whose keys are `directory/…`. The character after `/` is `0`, so they lie between these two. */
  under(directory: string): readonly T[] {
    return this.items.slice(this.position(`${directory}/`), this.position(`${directory}0`));
  }

  private editable(): T[] {
    if (!this.own) {
      this.own = this.items.slice();
      this.items = this.own;
    }
    return this.own;
  }

  private position(key: string): number {
    let low = 0;
    let high = this.items.length;
    const last = this.items[high - 1];
    if (last && last.key < key) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.items[middle]?.key ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
