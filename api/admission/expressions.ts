/** The expressions of webhooks and policies: what they may name, what they must give, and how they are compiled. */
import { type Environment, environment } from '../cel/environment.ts';
import { AUTHORIZER, RESOURCE_CHECK_TYPE } from '../cel/library/authorizer.ts';
import { type Compiled, compile } from '../cel/program.ts';
import { BOOL, type CelType, DYN, type Field, listOf, mapOf, objectOf, STRING, typeName } from '../cel/types.ts';
import type { ValidatingAdmissionPolicySpec, Variable } from '../types/admissionregistration.v1.ts';

const GROUP_KIND = objectOf('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const GROUP_RESOURCE = objectOf('kubernetes.GroupVersionResource', {
  group: STRING,
  version: STRING,
  resource: STRING,
});
const USER_INFO = objectOf('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
});
const REQUEST = objectOf('kubernetes.AdmissionRequest', {
  kind: GROUP_KIND,
  resource: GROUP_RESOURCE,
  subResource: STRING,
  requestKind: GROUP_KIND,
  requestResource: GROUP_RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER_INFO,
  dryRun: BOOL,
  options: DYN,
});
const NAMESPACE = objectOf('kubernetes.Namespace', {
  metadata: objectOf('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: { kind: 'timestamp' },
    deletionGracePeriodSeconds: { kind: 'int' },
    deletionTimestamp: { kind: 'timestamp' },
    generation: { kind: 'int' },
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  }),
  status: objectOf('kubernetes.NamespaceStatus', { phase: STRING }),
  spec: objectOf('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
});

export interface Names {
  /** The type of `object` and `oldObject`; anything when absent. */
  readonly object?: CelType;
  readonly params?: CelType | undefined;
  readonly authorizer?: boolean;
  /** Of a policy, those that come before. */
  readonly variables?: ReadonlyMap<string, CelType>;
}

export function admissionEnvironment(names: Names): Environment {
  const object = names.object ?? DYN;
  return environment({
    object,
    oldObject: object,
    request: REQUEST,
    ...(names.params ? { params: names.params } : {}),
    namespaceObject: NAMESPACE,
    ...(names.authorizer ? { authorizer: AUTHORIZER, 'authorizer.requestResource': RESOURCE_CHECK_TYPE } : {}),
    ...(names.variables ? { variables: variablesType(names.variables) } : {}),
  });
}

function variablesType(types: ReadonlyMap<string, CelType>): CelType {
  return {
    kind: 'object',
    name: 'kubernetes.variables',
    field: (name): Field | undefined => {
      const type = types.get(name);
      return type && { type, property: name };
    },
    fieldNames: () => types.keys(),
  };
}

/** As `compile`, with a verdict on the type of the result, which must be known: `dyn` is not enough. */
export function compileAs(expression: string, env: Environment, wanted: readonly CelType['kind'][]): Compiled {
  const compiled = compile(expression, env);
  if (!compiled.ok) return compiled;
  const { kind } = compiled.program.type;
  if (wanted.includes(kind)) return compiled;
  const names = wanted.map((each) => typeName({ kind: each } as CelType));
  const message = names.length === 1 ? `must evaluate to ${names[0]}` : `must evaluate to one of [${names.join(' ')}]`;
  return { ok: false, message, issues: [{ pos: 0, message }] };
}

export type CompiledVariable = { readonly name: string; readonly compiled: Compiled };

/** Variables in their order, each seeing those before it; and what the rest of the policy sees of them. */
export function compileVariables(
  variables: readonly Variable[],
  names: Names,
): { readonly compiled: readonly CompiledVariable[]; readonly types: ReadonlyMap<string, CelType> } {
  const types = new Map<string, CelType>();
  const compiled = variables.map(({ name, expression }) => {
    const result = compile(expression ?? '', admissionEnvironment({ ...names, variables: new Map(types) }));
    types.set(name, result.ok ? result.program.type : DYN);
    return { name, compiled: result };
  });
  return { compiled, types };
}

/** The names that all expressions of a policy share, but for the authorizer and the variables. */
export function policyNames({ paramKind }: ValidatingAdmissionPolicySpec, object?: CelType): Names {
  return { ...(object ? { object } : {}), ...(paramKind ? { params: DYN } : {}) };
}
