/** Lets at most so many pieces of work go on together; the others wait in the order they came. */
export class Limit {
  private readonly maximum: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.maximum) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    return this.finish(work);
  }

  /** Waits for nobody; others wait for it. */
  runAtOnce<T>(work: () => Promise<T>): Promise<T> {
    this.running += 1;
    return this.finish(work);
  }

  private async finish<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      // Whoever is next takes over the place, unless there are more at work than there should be.
      const next = this.running <= this.maximum ? this.waiting.shift() : undefined;
      if (next) next();
      else this.running -= 1;
    }
  }
}
