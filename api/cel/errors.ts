/** What can be wrong with an expression before and while it runs. */

/** One mistake that parsing or checking found. */
export interface Issue {
  readonly pos: number;
  readonly message: string;
}

/** Ends parsing: what follows a syntax error means nothing. */
export class SyntaxIssue extends Error {
  override readonly name = 'SyntaxIssue';
  readonly pos: number;

  constructor(pos: number, message: string) {
    super(`Syntax error: ${message}`);
    this.pos = pos;
  }
}

/** An expression that has no value for its input, such as `no such key: a`. Made often, so it has no stack. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';

  constructor(message: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}

/** The expression was stopped. No operator absorbs it. `scope`: its own limit, or what all expressions share. */
export class CostLimitError extends Error {
  override readonly name = 'CostLimitError';
  readonly scope: 'call' | 'budget';

  constructor(scope: 'call' | 'budget') {
    super('operation cancelled: actual cost limit exceeded');
    this.scope = scope;
  }
}

/** The issues in the form that CEL's own tools print: place, text, the line and an arrow below the place. */
export function formatIssues(expression: string, issues: readonly Issue[]): string {
  return issues.map((issue) => formatIssue(expression, issue)).join('\n');
}

function formatIssue(expression: string, { pos, message }: Issue): string {
  const before = expression.slice(0, pos).split('\n');
  const column = Array.from(before.at(-1) ?? '').length;
  const line = expression.split('\n')[before.length - 1] ?? '';
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`;
}
