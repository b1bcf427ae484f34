/** What the code of an expression runs on. */
import type { Budget } from './budget.ts';
import type { Value } from './values.ts';

export interface Frame {
  /** The variables of macros, each in its own place. */
  readonly slots: Value[];
  readonly budget: Budget;
  variable(name: string): Value;
}

export type Code = (frame: Frame) => Value;
