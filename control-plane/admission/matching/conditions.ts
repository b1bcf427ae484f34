/** Match conditions: expressions that all must hold for a request. */
import { admissionEnvironment, compileAs } from '../../../api/admission/expressions.ts';
import { Budget, MATCH_CONDITIONS_BUDGET } from '../../../api/cel/budget.ts';
import { CostLimitError, EvaluationError } from '../../../api/cel/errors.ts';
import type { Bindings, Program } from '../../../api/cel/program.ts';
import { DYN } from '../../../api/cel/types.ts';
import type { MatchCondition } from '../../../api/types/admissionregistration.v1.ts';

export type Verdict =
  | { readonly matches: boolean }
  /** None is false, but not all could be worked out. */
  | { readonly error: string };

type Compiled = Program | string;

export class MatchConditions {
  readonly #conditions: readonly Compiled[];

  constructor(conditions: readonly MatchCondition[], { hasParams }: { hasParams: boolean }) {
    const env = admissionEnvironment({ authorizer: true, params: hasParams ? DYN : undefined });
    this.#conditions = conditions.map(({ expression }) => {
      const compiled = compileAs(expression.trim(), env, ['bool']);
      return compiled.ok ? compiled.program : compiled.message;
    });
  }

  evaluate(bindings: Bindings): Verdict {
    const budget = new Budget(MATCH_CONDITIONS_BUDGET);
    const errors: string[] = [];
    for (const condition of this.#conditions) {
      if (typeof condition === 'string') errors.push(condition);
      else {
        const result = evaluateSafely(condition, bindings, budget);
        if ('value' in result && result.value === false) return { matches: false };
        if ('exhausted' in result) {
          const why =
            'validation failed due to running out of cost budget, no further validation expressions will be run';
          return { error: why };
        }
        if ('error' in result) errors.push(result.error);
      }
    }
    if (errors.length === 0) return { matches: true };
    return { error: errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]` };
  }
}

export type Evaluated =
  | { readonly value: unknown }
  | { readonly error: string }
  /** Nothing is left for further expressions either. */
  | { readonly exhausted: true };

/** Never throws for what the expression does. */
export function evaluateSafely(program: Program, bindings: Bindings, budget: Budget): Evaluated {
  try {
    return { value: program.evaluate(bindings, budget) };
  } catch (error) {
    if (error instanceof CostLimitError && error.scope === 'budget') return { exhausted: true };
    if (!(error instanceof EvaluationError) && !(error instanceof CostLimitError)) throw error;
    return { error: `expression '${program.expression}' resulted in error: ${error.message}` };
  }
}
