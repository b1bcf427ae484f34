/** The syntax tree of an expression. Macros are nodes of their own (`fold`), so that they need no detour over loops. */
import type { Value } from './values.ts';

export type FoldKind =
  | 'all'
  | 'exists'
  | 'exists_one'
  | 'filter'
  | 'map'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'
  | 'sortBy'
  | 'optMap'
  | 'optFlatMap';

interface At {
  /** Offset of the first character of what the node stands for, as error messages point at it. */
  readonly pos: number;
}

export interface Literal extends At {
  readonly kind: 'literal';
  readonly value: Value;
}
export interface Ident extends At {
  readonly kind: 'ident';
  readonly name: string;
}
export interface Select extends At {
  readonly kind: 'select';
  readonly operand: Node;
  readonly field: string;
  /** `has(a.b)` */
  readonly test: boolean;
  /** `a.?b` */
  readonly optional: boolean;
}
export interface Call extends At {
  readonly kind: 'call';
  /** Operators have the names that CEL gives them, such as `_+_`. */
  readonly name: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
}
export interface ListLiteral extends At {
  readonly kind: 'list';
  /** `optional`: `[?a]`, left out when the value is an empty optional. */
  readonly items: readonly { readonly value: Node; readonly optional: boolean }[];
}
export interface MapLiteral extends At {
  readonly kind: 'map';
  readonly entries: readonly { readonly key: Node; readonly value: Node; readonly optional: boolean }[];
}
export interface Fold extends At {
  readonly kind: 'fold';
  readonly fold: FoldKind;
  readonly range: Node;
  /** One: the element, or a map's key. Two: index or key, and the element. */
  readonly variables: readonly string[];
  /** The condition of `all`, `exists`, `exists_one` and `filter`; of the others, which elements count: undefined for all. */
  readonly condition: Node | undefined;
  /** What an element becomes; undefined where only the condition counts. */
  readonly transform: Node | undefined;
}

export type Node = Literal | Ident | Select | Call | ListLiteral | MapLiteral | Fold;
