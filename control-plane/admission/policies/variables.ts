/** `variables` of a policy: each is worked out when an expression first asks for it, and then known. */
import type { Budget } from '../../../api/cel/budget.ts';
import { EvaluationError } from '../../../api/cel/errors.ts';
import type { Bindings, Program } from '../../../api/cel/program.ts';
import { MapValue, type Value } from '../../../api/cel/values.ts';

export class LazyVariables extends MapValue {
  override readonly typeName = 'kubernetes.variables';
  readonly #programs: ReadonlyMap<string, Program | string>;
  readonly #bindings: Bindings;
  readonly #budget: Budget;
  readonly #known = new Map<string, { readonly value: Value } | { readonly error: Error }>();

  constructor(programs: ReadonlyMap<string, Program | string>, bindings: Bindings, budget: Budget) {
    super();
    this.#programs = programs;
    this.#bindings = bindings;
    this.#budget = budget;
  }

  get size(): number {
    return this.#programs.size;
  }

  keys(): Iterable<Value> {
    return this.#programs.keys();
  }

  override has(name: Value): boolean {
    return typeof name === 'string' && this.#programs.has(name);
  }

  get(name: Value): Value | undefined {
    if (typeof name !== 'string' || !this.has(name)) return undefined;
    const result = this.#known.get(name) ?? this.#evaluate(name);
    this.#known.set(name, result);
    if ('error' in result) throw result.error;
    return result.value;
  }

  #evaluate(name: string): { readonly value: Value } | { readonly error: Error } {
    const program = this.#programs.get(name) ?? '';
    try {
      if (typeof program === 'string') throw new EvaluationError(program);
      return { value: program.evaluate({ ...this.#bindings, variables: this }, this.#budget) };
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return { error: new EvaluationError(`composited variable "${name}" fails to evaluate: ${error.message}`) };
    }
  }
}
