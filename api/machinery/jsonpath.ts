/**
 * kubectl's JSONPath: a template of plain text and `{expressions}`, with ranges, filters, slices, unions and recursive
 * descent. Fields that aren't there yield nothing.
 */
import { JsonPathError, parseTemplate, type Comparison, type Operand, type Part, type Step } from './jsonpath-parse.ts';

const MAX_FOUND = 1_000_000;

export class Template {
  private readonly parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.parts = parts;
  }

  /** Throws JsonPathError that says what is wrong with it. */
  static parse(text: string): Template {
    return new Template(parseTemplate(text));
  }

  /** The template, filled in. */
  text(root: unknown): string {
    return this.parts.map((part) => fill(part, root, root)).join('');
  }

  /** All values that its expressions find. */
  find(root: unknown): unknown[] {
    return this.parts.flatMap((part) => (part.type === 'path' ? walk(part.steps, root, root) : []));
  }
}

function fill(part: Part, root: unknown, current: unknown): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'path':
      return walk(part.steps, root, current).map(valueText).join(' ');
    case 'range': {
      const items = walk(part.steps, root, current);
      return items.map((item) => part.body.map((inner) => fill(inner, root, item)).join('')).join('');
    }
  }
}

export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as number | boolean);
}

function walk(steps: readonly Step[], root: unknown, current: unknown): unknown[] {
  let found: unknown[] = [current];
  for (const step of steps) {
    found = found.flatMap((value) => take(step, root, value));
    if (found.length > MAX_FOUND) throw new JsonPathError('the template finds too many values');
  }
  return found;
}

function take(step: Step, root: unknown, value: unknown): unknown[] {
  switch (step.type) {
    case 'root':
      return [root];
    case 'field':
      return fieldOf(value, step.name);
    case 'all':
      return childrenOf(value);
    case 'descend':
      return descendants(value).flatMap((inner) => (step.name === undefined ? [inner] : fieldOf(inner, step.name)));
    case 'slice':
      return sliceOf(value, step);
    case 'union':
      return step.paths.flatMap((path) => walk(path, root, value));
    case 'filter':
      return childrenOf(value).filter((item) => holds(step.comparison, root, item));
  }
}

function fieldOf(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return [];
  return [(value as Record<string, unknown>)[name]];
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function descendants(value: unknown): unknown[] {
  return [value, ...childrenOf(value).flatMap(descendants)];
}

function sliceOf(value: unknown, { from, to, step, isIndex }: Step & { type: 'slice' }): unknown[] {
  if (!Array.isArray(value)) return [];
  const { length } = value;
  const start = from === undefined ? 0 : from < 0 ? from + length : from;
  if (isIndex) {
    if (start < 0 || start >= length)
      throw new JsonPathError(`array index out of bounds: index ${from}, length ${length}`);
    return [value[start] as unknown];
  }
  const end = to === undefined ? length : to < 0 ? to + length : Math.min(to, length);
  return value.filter((_, at) => at >= start && at < end && (at - start) % step === 0);
}

function holds({ left, operator, right }: Comparison, root: unknown, item: unknown): boolean {
  const found = operandValues(left, root, item);
  if (operator === undefined || right === undefined) return found.length > 0;
  const other = operandValues(right, root, item);
  if (found.length === 0 || other.length === 0) return false;
  return compare(found[0], operator, other[0]);
}

function operandValues(operand: Operand, root: unknown, item: unknown): unknown[] {
  return operand.type === 'value' ? [operand.value] : walk(operand.steps, root, item);
}

function compare(a: unknown, operator: NonNullable<Comparison['operator']>, b: unknown): boolean {
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
  }
  const isOrdered =
    (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string');
  if (!isOrdered) throw new JsonPathError('the template compares values that have no order');
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

/** What users write for one path (`.metadata.name`, `metadata.name`, `{.metadata.name}`), as a template. */
export function relaxed(path: string): string {
  const [, inner] = /^\{(.*)\}$/s.exec(path) ?? [];
  const bare = inner ?? path;
  if (bare === '')
    throw new JsonPathError(
      "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'",
    );
  return `{${bare.startsWith('.') || bare.startsWith('[') || bare.startsWith('$') ? '' : '.'}${bare}}`;
}
