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
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // Whoever is next takes over the place.
      if (next) next();
      else this.running -= 1;
    }
  }
}
