/** What an expression may name: variables with their types, and functions. */
import { type FunctionTable, type Overload, tableOf } from './functions.ts';
import { authorizerLibrary } from './library/authorizer.ts';
import { conversions } from './library/conversions.ts';
import { formatLibrary } from './library/format.ts';
import { ipLibrary } from './library/ip.ts';
import { listLibrary } from './library/lists.ts';
import { operators } from './library/operators.ts';
import { optionalLibrary } from './library/optional.ts';
import { quantityLibrary } from './library/quantity.ts';
import { regexLibrary } from './library/regex.ts';
import { semverLibrary } from './library/semver.ts';
import { setLibrary } from './library/sets.ts';
import { stringLibrary } from './library/strings.ts';
import { timeLibrary } from './library/time.ts';
import { urlLibrary } from './library/url.ts';
import type { CelType } from './types.ts';

/** Everything that Kubernetes 1.35 offers. */
const FUNCTIONS: FunctionTable = tableOf(
  operators,
  conversions,
  stringLibrary,
  regexLibrary,
  listLibrary,
  setLibrary,
  timeLibrary,
  optionalLibrary,
  urlLibrary,
  quantityLibrary,
  ipLibrary,
  formatLibrary,
  semverLibrary,
  authorizerLibrary,
);

export interface Environment {
  readonly variables: ReadonlyMap<string, CelType>;
  functions(name: string): readonly Overload[] | undefined;
}

/** Kubernetes' functions and these variables. */
export function environment(variables: Readonly<Record<string, CelType>>): Environment {
  return { variables: new Map(Object.entries(variables)), functions: (name) => FUNCTIONS.get(name) };
}
