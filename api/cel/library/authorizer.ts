/** `authorizer`: whether a user may do something, asked from within an expression. */
import { EvaluationError } from '../errors.ts';
import { method, type Overload } from '../functions.ts';
import { BOOL, opaque, STRING } from '../types.ts';
import { Opaque } from '../values.ts';

export const AUTHORIZER = opaque('kubernetes.authorization.Authorizer');
const PATH_CHECK = opaque('kubernetes.authorization.PathCheck');
const GROUP_CHECK = opaque('kubernetes.authorization.GroupCheck');
const RESOURCE_CHECK = opaque('kubernetes.authorization.ResourceCheck');
const DECISION = opaque('kubernetes.authorization.Decision');

/** So dear that an expression can ask twice. */
const CHECK_COST = 350_000;

export interface AccessQuestion {
  /** `get`, `create`, or for a path its method's name. */
  readonly verb: string;
  /** Of what is no resource; the fields below are '' then. */
  readonly path: string | undefined;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector: string | undefined;
  readonly labelSelector: string | undefined;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** What kept it from being decided. */
  readonly error?: string;
}

/** Whom the questions are about. */
export interface Access {
  decide(question: AccessQuestion): AccessDecision;
  /** The same questions about a service account. */
  serviceAccount(namespace: string, name: string): Access;
}

abstract class Unequal extends Opaque {
  equals(other: Opaque): boolean {
    return other === this;
  }
}

/** What to bind the variable `authorizer` to; `authorizer.requestResource` is a variable of its own type. */
export class AuthorizerValue extends Unequal {
  readonly typeName = 'kubernetes.authorization.Authorizer';
  readonly access: Access;
  constructor(access: Access) {
    super();
    this.access = access;
  }
}

class PathCheck extends Unequal {
  readonly typeName = 'kubernetes.authorization.PathCheck';
  readonly access: Access;
  readonly path: string;
  constructor(access: Access, path: string) {
    super();
    this.access = access;
    this.path = path;
  }
}

class GroupCheck extends Unequal {
  readonly typeName = 'kubernetes.authorization.GroupCheck';
  readonly access: Access;
  readonly group: string;
  constructor(access: Access, group: string) {
    super();
    this.access = access;
    this.group = group;
  }
}

type ResourceQuestion = Omit<AccessQuestion, 'verb' | 'path'>;

export class ResourceCheckValue extends Unequal {
  readonly typeName = 'kubernetes.authorization.ResourceCheck';
  readonly access: Access;
  readonly question: ResourceQuestion;
  constructor(access: Access, question: ResourceQuestion) {
    super();
    this.access = access;
    this.question = question;
  }
}

export const RESOURCE_CHECK_TYPE = RESOURCE_CHECK;

class Decision extends Unequal {
  readonly typeName = 'kubernetes.authorization.Decision';
  readonly decision: AccessDecision;
  constructor(decision: AccessDecision) {
    super();
    this.decision = decision;
  }
}

const NOTHING: ResourceQuestion = {
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  fieldSelector: undefined,
  labelSelector: undefined,
};

function named(text: string, what: string): string {
  if (text === '') throw new EvaluationError(`${what} must not be empty`);
  return text;
}

function refine(name: string, change: (text: string) => Partial<ResourceQuestion>): Overload {
  return method<[ResourceCheckValue, string]>(
    name,
    { params: [RESOURCE_CHECK, STRING], result: RESOURCE_CHECK },
    ([{ access, question }, text]) => new ResourceCheckValue(access, { ...question, ...change(text) }),
  );
}

const CHECK = { result: DECISION, cost: () => CHECK_COST };

export const authorizerLibrary: readonly Overload[] = [
  method<[AuthorizerValue, string]>(
    'path',
    { params: [AUTHORIZER, STRING], result: PATH_CHECK },
    ([{ access }, path]) => {
      return new PathCheck(access, named(path, 'path'));
    },
  ),
  method<[AuthorizerValue, string]>(
    'group',
    { params: [AUTHORIZER, STRING], result: GROUP_CHECK },
    ([{ access }, group]) => {
      return new GroupCheck(access, group);
    },
  ),
  method<[AuthorizerValue, string, string]>(
    'serviceAccount',
    { params: [AUTHORIZER, STRING, STRING], result: AUTHORIZER },
    ([{ access }, namespace, name]) => new AuthorizerValue(access.serviceAccount(namespace, name)),
  ),
  method<[GroupCheck, string]>(
    'resource',
    { params: [GROUP_CHECK, STRING], result: RESOURCE_CHECK },
    ([{ access, group }, resource]) =>
      new ResourceCheckValue(access, { ...NOTHING, group, resource: named(resource, 'resource') }),
  ),
  refine('subresource', (subresource) => ({ subresource })),
  refine('namespace', (namespace) => ({ namespace })),
  refine('name', (name) => ({ name })),
  refine('fieldSelector', (fieldSelector) => ({ fieldSelector })),
  refine('labelSelector', (labelSelector) => ({ labelSelector })),
  method<[PathCheck, string]>('check', { ...CHECK, params: [PATH_CHECK, STRING] }, ([{ access, path }, verb]) => {
    return new Decision(access.decide({ ...NOTHING, path, verb }));
  }),
  method<[ResourceCheckValue, string]>(
    'check',
    { ...CHECK, params: [RESOURCE_CHECK, STRING] },
    ([{ access, question }, verb]) => new Decision(access.decide({ ...question, path: undefined, verb })),
  ),
  method<[Decision]>('allowed', { params: [DECISION], result: BOOL }, ([{ decision }]) => decision.allowed),
  method<[Decision]>('reason', { params: [DECISION], result: STRING }, ([{ decision }]) => decision.reason),
  method<[Decision]>('errored', { params: [DECISION], result: BOOL }, ([{ decision }]) => decision.error !== undefined),
  method<[Decision]>('error', { params: [DECISION], result: STRING }, ([{ decision }]) => decision.error ?? ''),
];
