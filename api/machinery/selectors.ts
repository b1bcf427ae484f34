/** Label selectors, as text in a query and as objects in specs: compiled once, cheap to run on every object. */
import { badRequest } from '../errors.ts';
import type { LabelSelector } from '../types/meta.v1.ts';
import { checkedRequirement, integerOf } from './requirement.ts';
import type { Operator, Requirement } from './requirement.ts';
import { parseRequirements } from './selector-grammar.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

export interface Selector {
  readonly requirements: readonly Requirement[];
  /** Selects every object. */
  readonly isEverything: boolean;
  readonly matches: LabelMatcher;
}

export const EVERYTHING: Selector = { requirements: [], isEverything: true, matches: () => true };
export const NOTHING: Selector = { requirements: [], isEverything: false, matches: () => false };

/** The grammar of `labelSelector` in a query. Empty text selects everything. Throws BadRequest. */
export function parseLabelSelector(text: string): Selector {
  return selectorOf(parseRequirements(text));
}

const OBJECT_OPERATORS = new Map<string, Operator>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

/** A selector in a spec: none selects nothing, an empty one everything. Throws BadRequest for one that is not valid. */
export function selectorFromObject(selector: LabelSelector | undefined): Selector {
  if (!selector) return NOTHING;
  const fromLabels = Object.entries(selector.matchLabels ?? {}).map(([key, value]): Requirement =>
    checkedRequirement({ key, operator: '=', values: [value] }),
  );
  const fromExpressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = OBJECT_OPERATORS.get(operator);
    if (known === undefined) throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return checkedRequirement({ key, operator: known, values: values ?? [] });
  });
  return selectorOf([...fromLabels, ...fromExpressions]);
}

/** A map of equalities, as in `Service.spec.selector`: none and an empty one select everything; nothing is checked. */
export function selectorFromMap(labels: Labels | undefined): Selector {
  return selectorOf(
    Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=' as const, values: [value] })),
  );
}

function selectorOf(requirements: readonly Requirement[]): Selector {
  if (requirements.length === 0) return EVERYTHING;
  const matchers = requirements.map(compile);
  const [only] = matchers;
  const matches =
    only !== undefined && matchers.length === 1
      ? only
      : (labels: Labels | undefined): boolean => matchers.every((matcher) => matcher(labels));
  return { requirements, isEverything: false, matches };
}

function compile({ key, operator, values }: Requirement): LabelMatcher {
  const allowed = new Set(values);
  const [first = ''] = values;
  switch (operator) {
    case 'exists':
      return (labels) => valueOf(labels, key) !== undefined;
    case '!':
      return (labels) => valueOf(labels, key) === undefined;
    case '=':
    case '==':
      return (labels) => valueOf(labels, key) === first;
    case '!=':
      return (labels) => valueOf(labels, key) !== first;
    case 'in':
      return (labels) => isAmong(allowed, valueOf(labels, key));
    case 'notin':
      return (labels) => !isAmong(allowed, valueOf(labels, key));
    case 'gt':
    case 'lt':
      return compileOrder(key, operator, first);
  }
}

function compileOrder(key: string, operator: 'gt' | 'lt', bound: string): LabelMatcher {
  const wanted = integerOf(bound);
  return (labels) => {
    const value = integerOf(valueOf(labels, key));
    if (value === undefined || wanted === undefined) return false;
    return operator === 'gt' ? value > wanted : value < wanted;
  };
}

/** Only text counts, so that a key such as `constructor` finds nothing that the object merely inherits. */
function valueOf(labels: Labels | undefined, key: string): string | undefined {
  const value: unknown = labels?.[key];
  return typeof value === 'string' ? value : undefined;
}

function isAmong(allowed: ReadonlySet<string>, value: string | undefined): boolean {
  return value !== undefined && allowed.has(value);
}
