/** Finds out the type of every node of an expression and which functions its calls mean; collects what is wrong. */
import type { Environment } from './environment.ts';
import type { Issue } from './errors.ts';
import { matching, type Overload } from './functions.ts';
import type { Call, Fold, Ident, ListLiteral, MapLiteral, Node, Select } from './syntax.ts';
import {
  assignable,
  BOOL,
  type CelType,
  DYN,
  INT,
  joinTypes,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  sameType,
  STRING,
  substitute,
  TYPE,
  typeName,
} from './types.ts';
import { typeNameOf, type Value } from './values.ts';

export interface ResolvedCall {
  /** More than one when only the values will tell. */
  readonly overloads: readonly Overload[];
  /** The target of a method comes first. */
  readonly args: readonly Node[];
  /** The arguments' types leave it open whether they fit. */
  readonly mustMatch: boolean;
}

export type Reference =
  | { readonly what: 'variable'; readonly name: string }
  /** A variable of a macro. */
  | { readonly what: 'slot'; readonly slot: number }
  | { readonly what: 'type'; readonly name: string };

export interface Checked {
  readonly root: Node;
  readonly type: CelType;
  readonly issues: readonly Issue[];
  readonly types: ReadonlyMap<Node, CelType>;
  readonly calls: ReadonlyMap<Node, ResolvedCall>;
  readonly references: ReadonlyMap<Node, Reference>;
  /** Where a fold keeps its variables. */
  readonly slots: ReadonlyMap<Fold, readonly number[]>;
  readonly slotCount: number;
  /** Variables of the environment that the expression names. */
  readonly variables: ReadonlySet<string>;
}

const MAX_ISSUES = 20;

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ...['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'].map(
    (name): [string, string] => [name, name],
  ),
  ['optional_type', 'optional_type'],
]);

export function check(root: Node, env: Environment): Checked {
  const checker = new Checker(env);
  const type = checker.check(root);
  return {
    root,
    type,
    issues: checker.issues,
    types: checker.types,
    calls: checker.calls,
    references: checker.references,
    slots: checker.slots,
    slotCount: checker.slotCount,
    variables: checker.variables,
  };
}

interface Scope {
  readonly name: string;
  readonly type: CelType;
  readonly slot: number;
}

class Checker {
  readonly issues: Issue[] = [];
  readonly types = new Map<Node, CelType>();
  readonly calls = new Map<Node, ResolvedCall>();
  readonly references = new Map<Node, Reference>();
  readonly slots = new Map<Fold, readonly number[]>();
  readonly variables = new Set<string>();
  slotCount = 0;
  readonly #env: Environment;
  readonly #scopes: Scope[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  check(node: Node): CelType {
    const type = this.#typeOf(node);
    this.types.set(node, type);
    return type;
  }

  #typeOf(node: Node): CelType {
    switch (node.kind) {
      case 'literal':
        return literalType(node.value);
      case 'ident':
        return this.#ident(node);
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'fold':
        return this.#fold(node);
    }
  }

  #issue(node: Node, message: string): CelType {
    if (this.issues.length < MAX_ISSUES) this.issues.push({ pos: node.pos, message });
    return DYN;
  }

  #ident(node: Ident): CelType {
    const { name } = node;
    const scope = this.#scopes.findLast((each) => each.name === name);
    if (scope) {
      this.references.set(node, { what: 'slot', slot: scope.slot });
      return scope.type;
    }
    const variable = this.#env.variables.get(name);
    if (variable) {
      this.references.set(node, { what: 'variable', name });
      this.variables.add(name);
      return variable;
    }
    const type = TYPE_NAMES.get(name);
    if (type === undefined) return this.#issue(node, `undeclared reference to '${name}' (in container '')`);
    this.references.set(node, { what: 'type', name: type });
    return TYPE;
  }

  #select(node: Select): CelType {
    const qualified = this.#qualifiedType(node);
    if (qualified) return qualified;
    const operand = this.check(node.operand);
    const wrapped = operand.kind === 'optional';
    const inner = wrapped ? operand.of : operand;
    const field = this.#fieldType(node, inner);
    if (node.test) return BOOL;
    return wrapped || node.optional ? (field.kind === 'optional' ? field : optionalOf(field)) : field;
  }

  /** `google.protobuf.Timestamp` and its like are names of types; a variable's name can have dots too. */
  #qualifiedType(node: Select): CelType | undefined {
    const name = pathOf(node);
    const variable = name === undefined ? undefined : this.#env.variables.get(name);
    if (variable && name !== undefined) {
      this.references.set(node, { what: 'variable', name });
      this.variables.add(name);
      return variable;
    }
    if (name !== 'google.protobuf.Timestamp' && name !== 'google.protobuf.Duration') return undefined;
    if (this.#env.variables.has('google')) return undefined;
    this.references.set(node, { what: 'type', name });
    return TYPE;
  }

  #fieldType(node: Select, operand: CelType): CelType {
    switch (operand.kind) {
      case 'dyn':
        return DYN;
      case 'map':
        return operand.value;
      case 'object': {
        const field = operand.field(node.field);
        return field ? field.type : this.#issue(node, `undefined field '${node.field}'`);
      }
      default:
        return this.#issue(node, `type '${typeName(operand)}' does not support field selection`);
    }
  }

  #list(node: ListLiteral): CelType {
    const types = node.items.map(({ value, optional }) => this.#itemType(value, this.check(value), optional));
    return listOf(
      this.#join(
        node.items.map(({ value }) => value),
        types,
      ),
    );
  }

  #map(node: MapLiteral): CelType {
    const keys = node.entries.map(({ key }) => this.check(key));
    const values = node.entries.map(({ value, optional }) => this.#itemType(value, this.check(value), optional));
    const key = this.#join(
      node.entries.map((entry) => entry.key),
      keys,
    );
    return mapOf(
      key,
      this.#join(
        node.entries.map((entry) => entry.value),
        values,
      ),
    );
  }

  #itemType(node: Node, type: CelType, optional: boolean): CelType {
    if (!optional || type.kind === 'dyn') return type;
    if (type.kind === 'optional') return type.of;
    return this.#issue(node, `expected type 'optional_type(${typeName(type)})' but found '${typeName(type)}'`);
  }

  /** Kubernetes wants the elements of a literal to be alike. */
  #join(nodes: readonly Node[], types: readonly CelType[]): CelType {
    let joined = types[0] ?? DYN;
    for (const [index, type] of types.entries()) {
      const next = joinTypes(joined, type);
      const node = nodes[index];
      if (!next && node) return this.#issue(node, `expected type '${typeName(joined)}' but found '${typeName(type)}'`);
      joined = next ?? joined;
    }
    return joined;
  }

  #call(node: Call): CelType {
    const { target, name } = node;
    if (target === undefined) return this.#special(node) ?? this.#function(node, name, false, node.args);
    const path = pathOf(target);
    const isScoped = path !== undefined && this.#isDeclared(path);
    if (path !== undefined && !isScoped && this.#env.functions(`${path}.${name}`)) {
      return this.#function(node, `${path}.${name}`, false, node.args);
    }
    return this.#function(node, name, true, [target, ...node.args]);
  }

  #isDeclared(path: string): boolean {
    const root = path.split('.')[0] ?? '';
    return this.#env.variables.has(root) || this.#scopes.some(({ name }) => name === root);
  }

  #function(node: Call, name: string, member: boolean, args: readonly Node[]): CelType {
    const types = args.map((argument) => this.check(argument));
    const rows = this.#env.functions(name);
    if (!rows) return this.#issue(node, `undeclared reference to '${name}' (in container '')`);
    const overloads = matching(rows, member, types);
    if (overloads.length === 0) return this.#noOverload(node, name, member, types);
    this.calls.set(node, { overloads, args, mustMatch: overloads.length > 1 || types.some(isOpen) });
    for (const row of overloads) this.#checkLiterals(row, args);
    return resultOf(overloads, types);
  }

  #checkLiterals(row: Overload, args: readonly Node[]): void {
    const literals = args.map((argument) => (argument.kind === 'literal' ? argument.value : undefined));
    const wrong = row.checkLiterals?.(literals);
    const at = args.findLast((argument) => argument.kind === 'literal');
    if (wrong !== undefined && at) this.#issue(at, wrong);
  }

  #noOverload(node: Call, name: string, member: boolean, types: readonly CelType[]): CelType {
    const [target, ...rest] = types.map(typeName);
    const applied = member ? `${target}.(${rest.join(', ')})` : `(${types.map(typeName).join(', ')})`;
    return this.#issue(node, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  /** Operators whose result depends on their arguments in ways of its own; undefined for all others. */
  #special(node: Call): CelType | undefined {
    switch (node.name) {
      case '_&&_':
      case '_||_':
        return this.#logical(node);
      case '_?_:_':
        return this.#conditional(node);
      case '_==_':
      case '_!=_':
        return this.#equality(node);
      case '@in':
        return this.#membership(node);
      case '_[_]':
      case '_[?_]':
        return this.#index(node);
      case 'type':
        for (const argument of node.args) this.check(argument);
        return node.args.length === 1 ? TYPE : this.#noOverload(node, 'type', false, []);
      default:
        return undefined;
    }
  }

  #logical(node: Call): CelType {
    const types = node.args.map((argument) => this.check(argument));
    const fits = types.every((type) => type.kind === 'bool' || type.kind === 'dyn');
    return fits ? BOOL : this.#noOverload(node, node.name, false, types);
  }

  #conditional(node: Call): CelType {
    const types = node.args.map((argument) => this.check(argument));
    const [condition = DYN, yes = DYN, no = DYN] = types;
    const joined = joinTypes(yes, no);
    const fits = condition.kind === 'bool' || condition.kind === 'dyn';
    return fits && joined ? joined : this.#noOverload(node, node.name, false, types);
  }

  #equality(node: Call): CelType {
    const types = node.args.map((argument) => this.check(argument));
    const [left = DYN, right = DYN] = types;
    return joinTypes(left, right) ? BOOL : this.#noOverload(node, node.name, false, types);
  }

  #membership(node: Call): CelType {
    const types = node.args.map((argument) => this.check(argument));
    const [item = DYN, container = DYN] = types;
    const inside = container.kind === 'list' ? container.element : container.kind === 'map' ? container.key : undefined;
    const fits = container.kind === 'dyn' || (inside && joinTypes(inside, item));
    return fits ? BOOL : this.#noOverload(node, node.name, false, types);
  }

  #index(node: Call): CelType {
    const types = node.args.map((argument) => this.check(argument));
    const [container = DYN, index = DYN] = types;
    const wrapped = container.kind === 'optional';
    const element = elementAt(wrapped ? container.of : container, index);
    if (!element) return this.#noOverload(node, node.name, false, types);
    return wrapped || node.name === '_[?_]' ? optionalOf(element) : element;
  }

  #fold(node: Fold): CelType {
    const range = this.check(node.range);
    const variables = this.#foldVariables(node, range);
    const slots = node.variables.map(() => this.slotCount++);
    this.slots.set(node, slots);
    const outer = this.#scopes.length;
    for (const [index, name] of node.variables.entries()) {
      this.#scopes.push({ name, type: variables[index] ?? DYN, slot: slots[index] ?? 0 });
    }
    if (node.condition) {
      const type = this.check(node.condition);
      if (type.kind !== 'bool' && type.kind !== 'dyn') {
        this.#issue(node.condition, `expected type 'bool' but found '${typeName(type)}'`);
      }
    }
    const made = node.transform ? this.check(node.transform) : DYN;
    this.#scopes.length = outer;
    return this.#foldResult(node, range, variables, made);
  }

  #foldVariables(node: Fold, range: CelType): CelType[] {
    const two = node.variables.length === 2;
    if (range.kind === 'dyn') return [DYN, DYN];
    if (node.fold === 'optMap' || node.fold === 'optFlatMap') {
      if (range.kind === 'optional') return [range.of];
      return [this.#issue(node, `found no matching overload for '${node.fold}' applied to '${typeName(range)}'`)];
    }
    if (range.kind === 'list') return two ? [INT, range.element] : [range.element];
    if (range.kind === 'map') return two ? [range.key, range.value] : [range.key];
    const message = `expression of type '${typeName(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
    return [this.#issue(node.range, message), DYN];
  }

  #foldResult(node: Fold, range: CelType, variables: readonly CelType[], made: CelType): CelType {
    switch (node.fold) {
      case 'all':
      case 'exists':
      case 'exists_one':
        return BOOL;
      case 'filter':
      case 'sortBy':
        return listOf(variables[0] ?? DYN);
      case 'map':
      case 'transformList':
        return listOf(made);
      case 'transformMap':
        return mapOf(range.kind === 'list' ? INT : (variables[0] ?? DYN), made);
      case 'transformMapEntry':
        if (made.kind === 'map' || made.kind === 'dyn') return made;
        return this.#issue(node, `expected type 'map' but found '${typeName(made)}'`);
      case 'optMap':
        return optionalOf(made);
      case 'optFlatMap':
        if (made.kind === 'optional' || made.kind === 'dyn') return made;
        return this.#issue(node, `expected type 'optional_type' but found '${typeName(made)}'`);
    }
  }
}

function literalType(value: Value): CelType {
  const name = typeNameOf(value);
  return name === 'null_type' ? NULL : name === 'string' ? STRING : { kind: name as 'int' };
}

function isOpen(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'null';
}

function elementAt(container: CelType, index: CelType): CelType | undefined {
  if (container.kind === 'dyn') return DYN;
  if (container.kind === 'list') return index.kind === 'int' || index.kind === 'dyn' ? container.element : undefined;
  if (container.kind !== 'map') return undefined;
  return assignable(container.key, index, new Map()) ? container.value : undefined;
}

function resultOf(overloads: readonly Overload[], types: readonly CelType[]): CelType {
  const results = overloads.map(({ params, result }) => {
    const known = new Map<string, CelType>();
    for (const [index, type] of params.entries()) assignable(type, types[index] ?? DYN, known);
    return substitute(result, known);
  });
  const [first = DYN] = results;
  return results.every((type) => sameType(type, first)) ? first : DYN;
}

/** `a.b.c`; undefined for anything else. */
function pathOf(node: Node): string | undefined {
  if (node.kind === 'ident') return node.name;
  if (node.kind !== 'select' || node.test || node.optional) return undefined;
  const path = pathOf(node.operand);
  return path === undefined ? undefined : `${path}.${node.field}`;
}
