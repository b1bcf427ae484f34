/**
 * The Common Expression Language as Kubernetes 1.35 has it.
 *
 *     const env = environment({ self: objectOf('Widget', { replicas: INT }), oldSelf: DYN });
 *     const compiled = compile('self.replicas <= 5', env);
 *     if (!compiled.ok) ... compiled.message            // "compilation failed: ERROR: <input>:1:5: ..."
 *     compiled.program.type                             // to be checked by the caller: BOOL for a rule
 *     compiled.program.variables.has('oldSelf')         // whether it is a transition rule
 *     const budget = new Budget();                      // one for all rules of an object
 *     compiled.program.evaluate({ self: object }, budget)
 *
 * Bindings are JSON as it stands in objects; the declared types (see `schema-types.ts` for how to make them from a
 * schema) say what becomes of it: `integer` an int, a `date-time` a timestamp, and so on. Results are values
 * (`values.ts`); `toJson` makes JSON of them. `evaluate` throws {@link EvaluationError} for an expression without a
 * value, {@link CostLimitError} for one that was stopped. Compile once, when a schema or a policy changes.
 */
import { adapt } from './adapt.ts';
import type { Budget } from './budget.ts';
import { CALL_LIMIT } from './budget.ts';
import { check, type Checked } from './checker.ts';
import { compileTree } from './compiler.ts';
import type { Environment } from './environment.ts';
import { EvaluationError, formatIssues, type Issue, SyntaxIssue } from './errors.ts';
import type { Code } from './frame.ts';
import { parse } from './parser.ts';
import { type CelType, DYN } from './types.ts';
import type { Value } from './values.ts';

/** JSON, values, or functions that make them when the expression asks. */
export type Bindings = Readonly<Record<string, unknown>>;

export type Compiled =
  | { readonly ok: true; readonly program: Program }
  /** `message` holds all issues, each with its place in the expression. */
  | { readonly ok: false; readonly message: string; readonly issues: readonly Issue[] };

const TOO_DEEP = 'expression recursion limit exceeded';

export class Program {
  readonly expression: string;
  readonly type: CelType;
  /** Variables of the environment that the expression names. */
  readonly variables: ReadonlySet<string>;
  readonly checked: Checked;
  readonly #code: Code;
  readonly #types: ReadonlyMap<string, CelType>;

  constructor(expression: string, checked: Checked, env: Environment) {
    this.expression = expression;
    this.checked = checked;
    this.type = checked.type;
    this.variables = checked.variables;
    this.#types = env.variables;
    this.#code = compileTree(checked);
  }

  /** A variable that is not bound is an error only where the expression comes to it. */
  evaluate(bindings: Bindings, budget: Budget): Value {
    const known = new Map<string, Value>();
    const variable = (name: string): Value => {
      let value = known.get(name);
      if (value === undefined) {
        value = this.#bound(bindings, name);
        known.set(name, value);
      }
      return value;
    };
    const slots: Value[] = Array.from({ length: this.checked.slotCount }, () => null);
    const outer = budget.beginCall(CALL_LIMIT);
    try {
      return this.#code({ slots, budget, variable });
    } catch (error) {
      if (error instanceof RangeError) throw new EvaluationError(TOO_DEEP);
      throw error;
    } finally {
      budget.endCall(outer);
    }
  }

  #bound(bindings: Bindings, name: string): Value {
    const given = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
    if (given === undefined) throw new EvaluationError(`no such attribute(s): ${name}`);
    const raw: unknown = typeof given === 'function' ? (given as () => unknown)() : given;
    return adapt(this.#types.get(name) ?? DYN, raw);
  }
}

/** Never throws for what stands in the expression. */
export function compile(expression: string, env: Environment): Compiled {
  try {
    const checked = check(parse(expression), env);
    if (checked.issues.length > 0) return failed(expression, checked.issues);
    return { ok: true, program: new Program(expression, checked, env) };
  } catch (error) {
    // Chains of operators make a tree that is deeper than the parser's own depth.
    if (error instanceof RangeError) return failed(expression, [{ pos: 0, message: TOO_DEEP }]);
    if (!(error instanceof SyntaxIssue)) throw error;
    return failed(expression, [{ pos: error.pos, message: error.message }]);
  }
}

function failed(expression: string, issues: readonly Issue[]): Compiled {
  return { ok: false, issues, message: `compilation failed: ${formatIssues(expression, issues)}` };
}
