/** The calls that are no functions: what they are given is syntax, not values. */
import { SyntaxIssue } from './errors.ts';
import type { Call, Fold, FoldKind, Node } from './syntax.ts';

interface Macro {
  readonly fold: FoldKind;
  /** How many variables come first. */
  readonly variables: number;
  /** What follows them. */
  readonly rest: readonly ('condition' | 'transform')[];
}

const MACROS: ReadonlyMap<string, Macro> = new Map(
  (
    [
      ['all', 1, ['condition']],
      ['exists', 1, ['condition']],
      ['exists_one', 1, ['condition']],
      ['existsOne', 1, ['condition']],
      ['filter', 1, ['condition']],
      ['map', 1, ['transform']],
      ['map', 1, ['condition', 'transform']],
      ['all', 2, ['condition']],
      ['exists', 2, ['condition']],
      ['exists_one', 2, ['condition']],
      ['existsOne', 2, ['condition']],
      ['transformList', 2, ['transform']],
      ['transformList', 2, ['condition', 'transform']],
      ['transformMap', 2, ['transform']],
      ['transformMap', 2, ['condition', 'transform']],
      ['transformMapEntry', 2, ['transform']],
      ['transformMapEntry', 2, ['condition', 'transform']],
      ['sortBy', 1, ['transform']],
      ['optMap', 1, ['transform']],
      ['optFlatMap', 1, ['transform']],
    ] as const
  ).map(([name, variables, rest]) => {
    const fold: FoldKind = name === 'existsOne' ? 'exists_one' : name;
    const macro: Macro = { fold, variables, rest };
    // `map(x, y, z)` is ambiguous only with two variables, which it never has.
    return [`${name}/${variables + rest.length}`, macro];
  }),
);

/** The call itself when it is no macro. Throws {@link SyntaxIssue} for a macro that is given the wrong syntax. */
export function expandMacro(call: Call): Node {
  if (call.target === undefined) return call.name === 'has' ? expandHas(call) : call;
  const macro = MACROS.get(`${call.name}/${call.args.length}`);
  return macro ? expandFold(call, call.target, macro) : call;
}

function expandHas(call: Call): Node {
  const [argument] = call.args;
  if (call.args.length !== 1 || argument?.kind !== 'select' || argument.optional) {
    throw new SyntaxIssue(call.pos, 'invalid argument to has() macro');
  }
  return { ...argument, test: true };
}

function expandFold(call: Call, range: Node, { fold, variables, rest }: Macro): Fold {
  const names = call.args.slice(0, variables).map((argument) => {
    if (argument.kind === 'ident') return argument.name;
    throw new SyntaxIssue(argument.pos, 'argument must be a simple name');
  });
  if (names.length === 2 && names[0] === names[1]) {
    throw new SyntaxIssue(call.pos, `duplicate variable name: ${names[0]}`);
  }
  const given = call.args.slice(variables);
  const at = (what: 'condition' | 'transform'): Node | undefined => {
    const index = rest.indexOf(what);
    return index < 0 ? undefined : given[index];
  };
  const { pos } = call;
  return { kind: 'fold', fold, range, variables: names, condition: at('condition'), transform: at('transform'), pos };
}
