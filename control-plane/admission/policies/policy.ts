/** A ValidatingAdmissionPolicy with its expressions compiled, once, when it changes. */
import {
  admissionEnvironment,
  compileAs,
  compileVariables,
  type Names,
  policyNames,
} from '../../../api/admission/expressions.ts';
import { Budget, MAX_MESSAGE_LENGTH } from '../../../api/cel/budget.ts';
import type { Compiled, Program } from '../../../api/cel/program.ts';
import type { ValidatingAdmissionPolicy, Validation } from '../../../api/types/admissionregistration.v1.ts';
import { evaluateSafely, MatchConditions } from '../matching/conditions.ts';
import { type MatchSources, RequestMatcher } from '../matching/matcher.ts';
import { LazyVariables } from './variables.ts';

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation expressions will be run';

/** What the policy says of a request with one parameter. */
export interface Judgement {
  readonly denials: readonly Denial[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
}

export interface Denial {
  /** Of the validation; -1 when it is not about one. */
  readonly index: number;
  readonly message: string;
  readonly reason: string;
}

interface CompiledValidation {
  readonly spec: Validation;
  readonly program: Program | string;
  readonly message: Program | undefined;
}

type Bindings = Readonly<Record<string, unknown>>;

export class CompiledPolicy {
  readonly policy: ValidatingAdmissionPolicy;
  readonly matcher: RequestMatcher;
  readonly #conditions: MatchConditions | undefined;
  readonly #validations: readonly CompiledValidation[];
  readonly #annotations: readonly { readonly key: string; readonly program: Program | string }[];
  readonly #variables: ReadonlyMap<string, Program | string>;

  constructor(policy: ValidatingAdmissionPolicy, sources: MatchSources) {
    this.policy = policy;
    const { spec } = policy;
    this.matcher = new RequestMatcher(spec.matchConstraints ?? {}, sources, { withoutRules: 'none' });
    const hasParams = spec.paramKind !== undefined;
    this.#conditions = spec.matchConditions?.length
      ? new MatchConditions(spec.matchConditions, { hasParams })
      : undefined;
    const base: Names = { ...policyNames(spec), authorizer: true };
    const { compiled, types } = compileVariables(spec.variables ?? [], base);
    this.#variables = new Map(compiled.map((each) => [each.name, programOf(each.compiled)]));
    const names: Names = { ...base, variables: types };
    const env = admissionEnvironment(names);
    const messageEnv = admissionEnvironment({ ...names, authorizer: false });
    this.#validations = (spec.validations ?? []).map((validation) => {
      const message = validation.messageExpression
        ? programOf(compileAs(validation.messageExpression, messageEnv, ['string']))
        : undefined;
      return {
        spec: validation,
        program: programOf(compileAs(validation.expression, env, ['bool'])),
        message: typeof message === 'string' ? undefined : message,
      };
    });
    this.#annotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => {
      return { key, program: programOf(compileAs(valueExpression, env, ['string', 'null'])) };
    });
  }

  get name(): string {
    return this.policy.metadata.name ?? '';
  }

  get ignoresFailure(): boolean {
    return this.policy.spec.failurePolicy === 'Ignore';
  }

  /** `bindings` without `variables`. undefined when the policy's conditions do not hold. */
  judge(bindings: Bindings): Judgement | undefined {
    const verdict = this.#conditions?.evaluate(bindings) ?? { matches: true };
    if ('error' in verdict) return { denials: this.#failure(-1, verdict.error), annotations: [] };
    if (!verdict.matches) return undefined;
    const budget = new Budget();
    const variables = new LazyVariables(this.#variables, bindings, budget);
    const all = { ...bindings, variables };
    const denials: Denial[] = [];
    for (const [index, validation] of this.#validations.entries()) {
      const result = this.#evaluate(validation.program, all, budget);
      if ('exhausted' in result) return { denials: this.#failure(-1, OUT_OF_BUDGET), annotations: [] };
      if ('error' in result) denials.push(...this.#failure(index, result.error));
      else if (result.value !== true) denials.push(denialOf(index, validation, all, budget));
    }
    return { denials, ...this.#annotate(all, denials) };
  }

  #evaluate(program: Program | string, bindings: Bindings, budget: Budget): ReturnType<typeof evaluateSafely> {
    return typeof program === 'string' ? { error: program } : evaluateSafely(program, bindings, budget);
  }

  #failure(index: number, message: string): Denial[] {
    return this.ignoresFailure ? [] : [{ index, message, reason: 'Invalid' }];
  }

  /** An annotation that can't be worked out is a denial too, where failures are. */
  #annotate(bindings: Bindings, denials: Denial[]): Pick<Judgement, 'annotations'> {
    const budget = new Budget();
    const annotations: { key: string; value: string }[] = [];
    for (const { key, program } of this.#annotations) {
      const result = this.#evaluate(program, bindings, budget);
      if ('value' in result) {
        const value = typeof result.value === 'string' ? result.value.trim() : '';
        if (value !== '') annotations.push({ key, value });
      } else denials.push(...this.#failure(-1, 'error' in result ? result.error : OUT_OF_BUDGET));
    }
    return { annotations };
  }
}

function programOf(compiled: Compiled): Program | string {
  return compiled.ok ? compiled.program : compiled.message;
}

function denialOf(index: number, { spec, message }: CompiledValidation, bindings: Bindings, budget: Budget): Denial {
  const reason = spec.reason ?? 'Invalid';
  const made = message ? messageOf(message, bindings, budget) : undefined;
  const fixed = spec.message?.trim();
  return { index, reason, message: made || fixed || `failed expression: ${spec.expression.trim()}` };
}

/** undefined for what is no message: an error, nothing, too much, or more than a line. */
function messageOf(program: Program, bindings: Bindings, budget: Budget): string | undefined {
  const result = evaluateSafely(program, bindings, budget);
  if (!('value' in result) || typeof result.value !== 'string') return undefined;
  const text = result.value.trim();
  return text.length > MAX_MESSAGE_LENGTH || text.includes('\n') ? undefined : text;
}
