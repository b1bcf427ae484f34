/** Go templates as `-o go-template` takes them: text/template over what JSON holds, with bounded work. */
import { functions } from './functions.ts';
import { GoTemplateError, lineOf } from './lex.ts';
import {
  parse,
  type Body,
  type Command,
  type Node,
  type Operand,
  type Parsed,
  type Pipe,
  type Place,
} from './parse.ts';
import { field, isFields, isList, isTrue, sortedKeys, textOf, type Value } from './values.ts';

export { GoTemplateError } from './lex.ts';

const MAX_STEPS = 5_000_000;
const MAX_CALLS = 100;
const MAX_OUTPUT = 1 << 28;

export interface GoTemplateOptions {
  /** Whether a key that is not there is `<no value>` or an error. */
  readonly allowMissingKeys: boolean;
  /** How many actions and texts it may come by; far more than any listing needs when absent. */
  readonly maxSteps?: number;
}

export class GoTemplate {
  private readonly parsed: Parsed;
  private readonly options: GoTemplateOptions;

  /** Throws GoTemplateError. */
  constructor(source: string, options: GoTemplateOptions) {
    this.parsed = parse(source);
    this.options = options;
  }

  /** Of an object as JSON holds it. Throws GoTemplateError. */
  text(object: unknown): string {
    const data = object as Value;
    return new Execution(this.parsed, this.options, data).run();
  }
}

interface Variable {
  readonly name: string;
  value: Value;
}

/** How a body ended. */
type Flow = 'done' | 'break' | 'continue';

class Execution {
  private readonly template: Parsed;
  private readonly options: GoTemplateOptions;
  private readonly output: string[] = [];
  private readonly data: Value;
  private variables: Variable[];
  private steps = 0;
  private written = 0;
  private calls = 0;

  constructor(template: Parsed, options: GoTemplateOptions, data: Value) {
    this.template = template;
    this.options = options;
    this.data = data;
    this.variables = [{ name: '$', value: data }];
  }

  run(): string {
    this.body(this.template.main, this.data);
    return this.output.join('');
  }

  private body(body: Body, dot: Value): Flow {
    const mark = this.variables.length;
    for (const node of body) {
      const flow = this.node(node, dot);
      if (flow !== 'done') return this.forget(mark, flow);
    }
    return this.forget(mark, 'done');
  }

  /** Variables live as long as the block that they stand in. */
  private forget(mark: number, flow: Flow): Flow {
    this.variables.length = mark;
    return flow;
  }

  private node(node: Node, dot: Value): Flow {
    this.steps += 1;
    const { maxSteps = MAX_STEPS } = this.options;
    if (this.steps > maxSteps) throw new GoTemplateError(`the template takes more than ${maxSteps} steps`);
    switch (node.kind) {
      case 'text':
        this.write(node.text);
        return 'done';
      case 'action': {
        const value = this.pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.write(textOf(value));
        return 'done';
      }
      case 'template':
        this.call(node, node.pipe && this.pipe(node.pipe, dot));
        return 'done';
      case 'break':
      case 'continue':
        return node.kind;
      case 'range':
        return this.range(node.pipe, node.body, node.otherwise, dot);
      default: {
        const mark = this.variables.length;
        const value = this.pipe(node.pipe, dot);
        const inner = node.kind === 'with' ? value : dot;
        const flow = isTrue(value) ? this.body(node.body, inner) : this.body(node.otherwise, dot);
        return this.forget(mark, flow);
      }
    }
  }

  private range(pipe: Pipe, body: Body, otherwise: Body, dot: Value): Flow {
    const mark = this.variables.length;
    const value = this.commands(pipe, dot);
    const entries = entriesOf(value);
    if (!entries) throw this.failure(pipe.commands[0]?.operands[0], `range can't iterate over ${textOf(value)}`);
    if (entries.length === 0) return this.body(otherwise, dot);
    for (const [key, element] of entries) {
      const [first, second] = pipe.variables;
      if (first !== undefined) this.set(first, second === undefined ? element : key, pipe.isAssignment);
      if (second !== undefined) this.set(second, element, pipe.isAssignment);
      const flow = this.body(body, element);
      this.variables.length = mark;
      if (flow === 'break') break;
    }
    return 'done';
  }

  private call(node: Extract<Node, { kind: 'template' }>, dot: Value): void {
    const body = this.template.named.get(node.name);
    if (!body) throw this.failure(node, `template "${node.name}" not defined`);
    this.calls += 1;
    if (this.calls > MAX_CALLS) throw this.failure(node, `exceeded maximum template depth (${MAX_CALLS})`);
    const outer = this.variables;
    this.variables = [{ name: '$', value: dot }];
    this.body(body, dot);
    this.variables = outer;
    this.calls -= 1;
  }

  private pipe(pipe: Pipe, dot: Value): Value {
    const value = this.commands(pipe, dot);
    for (const name of pipe.variables) this.set(name, value, pipe.isAssignment);
    return value;
  }

  private set(name: string, value: Value, isAssignment: boolean): void {
    const known = isAssignment ? this.variables.findLast((each) => each.name === name) : undefined;
    if (known) known.value = value;
    else if (isAssignment) throw new GoTemplateError(`template: output: undefined variable "${name}"`);
    else this.variables.push({ name, value });
  }

  private commands(pipe: Pipe, dot: Value): Value {
    return pipe.commands.reduce<Value>(
      (piped, command, at) => this.command(command, dot, at === 0 ? [] : [piped]),
      null,
    );
  }

  /** `piped` is what the command before it made, which is given last. */
  private command(command: Command, dot: Value, piped: readonly Value[]): Value {
    const [first, ...rest] = command.operands;
    if (!first) return null;
    if (first.base.kind !== 'function') {
      if (rest.length + piped.length > 0)
        throw this.failure(first, `can't give argument to non-function ${first.text}`);
      return this.operand(first, dot);
    }
    const { name } = first.base;
    if (name === 'and' || name === 'or') return this.lazy(name, rest, dot, piped);
    const run = functions.get(name);
    const args = [...rest.map((operand) => this.operand(operand, dot)), ...piped];
    if (!run || args.length < 1) throw this.failure(first, `wrong number of args for ${name}: want at least 1 got 0`);
    try {
      return this.fields(first, run(...args));
    } catch (error) {
      if (error instanceof GoTemplateError) throw error;
      throw this.failure({ at: first.at, text: command.text }, `error calling ${name}: ${(error as Error).message}`);
    }
  }

  private lazy(name: 'and' | 'or', operands: readonly Operand[], dot: Value, piped: readonly Value[]): Value {
    const decides = name === 'or';
    let value: Value = null;
    for (const operand of operands) {
      value = this.operand(operand, dot);
      if (isTrue(value) === decides) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  private operand(operand: Operand, dot: Value): Value {
    return this.fields(operand, this.base(operand, dot));
  }

  private base(operand: Operand, dot: Value): Value {
    const { base } = operand;
    switch (base.kind) {
      case 'dot':
        return dot;
      case 'literal':
        return base.value;
      case 'pipe':
        return this.pipe(base.pipe, dot);
      case 'variable': {
        const variable = this.variables.findLast(({ name }) => name === base.name);
        if (!variable) throw this.failure(operand, `undefined variable "${base.name}"`);
        return variable.value;
      }
      case 'function':
        return this.command({ operands: [operand], text: operand.text }, dot, []);
    }
  }

  private fields(operand: Operand, start: Value): Value {
    let value = start;
    for (const { name, at } of operand.fields) {
      // What follows a key that is not there is not there either; nil is there, and has no fields.
      if (value === undefined) continue;
      if (value === null) {
        throw this.failure({ at, text: operand.text }, `nil pointer evaluating interface {}.${name}`);
      }
      if (!isFields(value)) {
        throw this.failure({ at, text: operand.text }, `can't evaluate field ${name} in type interface {}`);
      }
      value = field(value, name);
      if (value === undefined && !this.options.allowMissingKeys) {
        throw this.failure(operand, `map has no entry for key "${name}"`);
      }
    }
    return value;
  }

  private write(text: string): void {
    this.written += text.length;
    if (this.written > MAX_OUTPUT) throw new GoTemplateError(`the template makes more than ${MAX_OUTPUT} characters`);
    this.output.push(text);
  }

  private failure(place: Place | undefined, what: string): GoTemplateError {
    const { at, text } = place ?? { at: 0, text: '' };
    const { source } = this.template;
    const column = at - (source.lastIndexOf('\n', at - 1) + 1);
    const where = `template: output:${lineOf(source, at)}:${column}: executing "output" at <${text}>`;
    return new GoTemplateError(`${where}: ${what}`);
  }
}

/** Undefined for what has no elements to go through. A whole number counts up to itself. */
function entriesOf(value: Value): (readonly [Value, Value])[] | undefined {
  if (value === null || value === undefined) return [];
  if (isList(value)) return value.map((element, at) => [BigInt(at), element] as const);
  if (isFields(value)) return sortedKeys(value).map((key) => [key, field(value, key)] as const);
  if (typeof value === 'bigint' && value <= BigInt(MAX_STEPS)) {
    return Array.from({ length: Math.max(0, Number(value)) }, (_, at) => [BigInt(at), BigInt(at)] as const);
  }
  return undefined;
}
