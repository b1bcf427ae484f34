/** Several sources as one: what comes first is given first, one item of each is waited for at a time. Ends when all have. */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = (at: number): Promise<{ at: number; result: IteratorResult<T> }> =>
    (iterators[at] as AsyncIterator<T>).next().then((result) => ({ at, result }));
  const waiting = new Map(iterators.map((_, at) => [at, next(at)]));
  while (waiting.size > 0) {
    const { at, result } = await Promise.race(waiting.values());
    if (result.done) {
      waiting.delete(at);
      continue;
    }
    waiting.set(at, next(at));
    yield result.value;
  }
}
