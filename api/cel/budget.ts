/** What running expressions may cost, in the units of Kubernetes: about 10 million a second. */
import { CostLimitError } from './errors.ts';

/** One expression, once. */
export const CALL_LIMIT = 1_000_000;
/** All validation rules of one object, or all expressions of one policy binding for one request. */
export const OBJECT_BUDGET = 10_000_000;
/** All match conditions of one webhook or policy binding for one request. */
export const MATCH_CONDITIONS_BUDGET = 2_500_000;
/** What an expression may be estimated to cost at most where its worst case is asked for before it is ever run. */
export const ESTIMATE_LIMIT = 10_000_000;
/** Characters that a message expression may make. */
export const MAX_MESSAGE_LENGTH = 5 * 1024;

/** Shared by the expressions of one object or request, one after the other. */
export class Budget {
  readonly #limit: number;
  #spent = 0;
  #callEnd = Number.POSITIVE_INFINITY;

  constructor(limit: number = OBJECT_BUDGET) {
    this.#limit = limit;
  }

  get spent(): number {
    return this.#spent;
  }

  /** What is charged from now on may be `limit` at most. Gives back what `endCall` wants: calls can nest. */
  beginCall(limit: number): number {
    const outer = this.#callEnd;
    this.#callEnd = Math.min(outer, this.#spent + limit);
    return outer;
  }

  endCall(outer: number): void {
    this.#callEnd = outer;
  }

  charge(cost: number): void {
    this.#spent += cost;
    if (this.#spent > this.#callEnd) throw new CostLimitError('call');
    if (this.#spent > this.#limit) throw new CostLimitError('budget');
  }
}
