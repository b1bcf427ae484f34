/**
 * The rules of a schema that are written in CEL (`x-kubernetes-validations`), compiled once and asked for each object. All
 * rules of one object share a budget. A rule that names `oldSelf` is asked only where the value was there before.
 */
import { Budget, MAX_MESSAGE_LENGTH } from '../cel/budget.ts';
import { environment } from '../cel/environment.ts';
import { CostLimitError, EvaluationError } from '../cel/errors.ts';
import { compile, type Program } from '../cel/program.ts';
import { schemaType, type TypeSchema } from '../cel/schema-types.ts';
import { BOOL, type CelType, DYN, optionalOf, STRING } from '../cel/types.ts';
import { Optional } from '../cel/values.ts';
import { adapt } from '../cel/adapt.ts';
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import type { ValidationRule } from '../types/apiextensions.v1.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { type Former, formerField, formerItems, NONE } from './correlate.ts';
import { additionalOf, isJsonObject, itemsOf, type JsonObject, type Schema } from './schema.ts';

const NO_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** A rule as it is run. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program;
  readonly message: Program | undefined;
  /** It compares with what was there before. */
  readonly isTransition: boolean;
}

/** Why a rule can't be compiled. `part` is the field of it that is at fault. */
export interface RuleFault {
  readonly part: 'rule' | 'messageExpression';
  readonly detail: string;
}

/** `isRoot`: the schema of a whole object, whose metadata is always known. */
export function compileRule(rule: ValidationRule, schema: Schema, isRoot: boolean): CompiledRule | RuleFault {
  const self = schemaType(schema as TypeSchema, 'selfType', isRoot) ?? DYN;
  const oldSelf: CelType = rule.optionalOldSelf ? optionalOf(self) : self;
  const env = environment({ self, oldSelf });
  const compiled = compile(rule.rule, env);
  if (!compiled.ok) return { part: 'rule', detail: compiled.message };
  const { program } = compiled;
  if (!isA(program.type, BOOL)) return { part: 'rule', detail: 'cel expression must evaluate to a bool' };
  const message = rule.messageExpression ? compile(rule.messageExpression, env) : undefined;
  if (message && !message.ok) return { part: 'messageExpression', detail: `messageExpression ${message.message}` };
  if (message?.ok && !isA(message.program.type, STRING)) {
    return { part: 'messageExpression', detail: 'messageExpression must evaluate to a string' };
  }
  return { rule, program, message: message?.program, isTransition: program.variables.has('oldSelf') };
}

/** What is dynamic may be anything until it is run. */
function isA(type: CelType, wanted: CelType): boolean {
  return type.kind === wanted.kind || type.kind === 'dyn';
}

/** The rules of a schema and of what is below it; only where there are any. */
interface Branch {
  readonly schema: Schema;
  readonly type: CelType;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, Branch>;
  readonly additional: Branch | undefined;
  readonly items: Branch | undefined;
}

export class SchemaRules {
  private readonly root: Branch;

  private constructor(root: Branch) {
    this.root = root;
  }

  /** undefined when no part of the schema has a rule. Rules that don't compile were refused with their definition. */
  static of(schema: Schema): SchemaRules | undefined {
    const root = branchOf(schema, true);
    return root && new SchemaRules(root);
  }

  /** `former` is NONE for a new object. */
  validate(object: object, former: Former): FieldError[] {
    const run = new RuleRun();
    run.visit(object, former, this.root, '');
    return run.errors.list;
  }
}

function branchOf(schema: Schema, isRoot = false): Branch | undefined {
  const rules = (schema['x-kubernetes-validations'] ?? []).flatMap((rule): CompiledRule[] => {
    const compiled = compileRule(rule, schema, isRoot);
    return 'program' in compiled ? [compiled] : [];
  });
  const properties = new Map<string, Branch>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const branch = branchOf(property);
    if (branch) properties.set(name, branch);
  }
  const inner = additionalOf(schema);
  const additional = inner && branchOf(inner);
  const element = itemsOf(schema);
  const items = element && branchOf(element);
  if (rules.length === 0 && properties.size === 0 && !additional && !items) return undefined;
  const type = schemaType(schema as TypeSchema, 'selfType', isRoot) ?? DYN;
  return { schema, type, rules, properties, additional, items };
}

/** One object's rules, until the budget is spent. */
class RuleRun {
  readonly errors = new FieldErrors();
  private readonly budget = new Budget();
  private isOver = false;

  visit(value: unknown, former: Former, branch: Branch, path: string): void {
    if (value === null || value === undefined || this.isOver) return;
    for (const rule of branch.rules) this.ask(rule, value, former, branch, path);
    if (Array.isArray(value)) this.visitList(value, former, branch, path);
    else if (isJsonObject(value)) this.visitObject(value, former, branch, path);
  }

  private visitObject(value: JsonObject, former: Former, branch: Branch, path: string): void {
    for (const [name, member] of Object.entries(value)) {
      const inner =
        branch.properties.get(name) ??
        (Object.hasOwn(branch.schema.properties ?? {}, name) ? undefined : branch.additional);
      if (inner) this.visit(member, formerField(former, name), inner, path === '' ? name : `${path}.${name}`);
    }
  }

  private visitList(value: readonly unknown[], former: Former, branch: Branch, path: string): void {
    if (!branch.items) return;
    const formerOf = formerItems(former, branch.schema);
    for (const [index, item] of value.entries()) this.visit(item, formerOf(item), branch.items, `${path}[${index}]`);
  }

  private ask(compiled: CompiledRule, value: unknown, former: Former, branch: Branch, path: string): void {
    const { rule, program, isTransition } = compiled;
    const wasThere = former !== NONE && former !== null;
    if (this.isOver) return;
    if (isTransition && !wasThere && !rule.optionalOldSelf) return;
    // What stays as it was is not held up by a rule that came later.
    if (!isTransition && former !== NONE && sameJson(value, former)) return;
    const bindings = { self: value, ...(isTransition ? { oldSelf: this.oldSelf(compiled, former, branch) } : {}) };
    try {
      if (program.evaluate(bindings, this.budget) === true) return;
    } catch (error) {
      this.failed(error, rule, branch, path);
      return;
    }
    this.report(compiled, bindings, value, branch, path);
  }

  private oldSelf({ rule }: CompiledRule, former: Former, { type }: Branch): unknown {
    if (!rule.optionalOldSelf) return former;
    return new Optional(former === NONE || former === null ? undefined : adapt(type, former));
  }

  private report(
    { rule, message }: CompiledRule,
    bindings: Readonly<Record<string, unknown>>,
    value: unknown,
    { schema }: Branch,
    path: string,
  ): void {
    const detail = (message && this.evaluated(message, bindings)) ?? textOf(rule);
    const at = pathOf(path, rule.fieldPath);
    const isCompound = schema.type === 'object' || schema.type === 'array';
    switch (rule.reason) {
      case 'FieldValueForbidden':
        this.errors.forbidden(at, detail);
        break;
      case 'FieldValueRequired':
        this.errors.required(at, detail);
        break;
      case 'FieldValueDuplicate':
        if (isCompound) this.errors.list.push({ type: 'FieldValueDuplicate', field: at, message: 'Duplicate value' });
        else this.errors.duplicate(at, value);
        break;
      default:
        if (isCompound) {
          this.errors.list.push({ type: 'FieldValueInvalid', field: at, message: `Invalid value: ${detail}` });
        } else this.errors.invalid(at, value, detail);
    }
  }

  /** undefined when it has no value worth showing: then the rule's own message stands for it. */
  private evaluated(message: Program, bindings: Readonly<Record<string, unknown>>): string | undefined {
    try {
      const text = message.evaluate(bindings, this.budget);
      if (typeof text !== 'string' || text.trim() === '' || /[\n\r]/.test(text)) return undefined;
      return text.length > MAX_MESSAGE_LENGTH ? undefined : text.trim();
    } catch (error) {
      if (error instanceof EvaluationError || error instanceof CostLimitError) return undefined;
      throw error;
    }
  }

  private failed(error: unknown, rule: ValidationRule, { schema }: Branch, path: string): void {
    const at = path === '' ? '<nil>' : path;
    const text = rule.rule.trim();
    if (error instanceof CostLimitError) {
      this.isOver = true;
      const call = `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`;
      this.errors.invalid(at, schema.type, error.scope === 'call' ? call : NO_BUDGET);
    } else if (error instanceof EvaluationError) {
      this.errors.invalid(at, schema.type, `${error.message} evaluating rule: ${text}`);
    } else throw error;
  }
}

function textOf({ rule, message }: ValidationRule): string {
  return message ? message.trim() : `failed rule: ${rule.trim()}`;
}

function pathOf(path: string, fieldPath: string | undefined): string {
  const below = (fieldPath ?? '').trim();
  if (path === '') return below === '' ? '<nil>' : below.replace(/^\./, '');
  return `${path}${below}`;
}
