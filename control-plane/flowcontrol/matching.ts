/** Which requests a FlowSchema is about; made ready once, when the schema changes. */
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/types/flowcontrol.v1.ts';
import { accountUser, type User } from '../user.ts';
import type { RequestInfo, ResourceRequest } from '../http/request-info.ts';

const ALL = '*';
/** No account: what is in all of a namespace, up to the account's name. */
const accountsOf = (namespace: string): string => accountUser(namespace, '');

type Test<T> = (value: T) => boolean;

/** Whether a request of this user falls under the schema. */
export type Matcher = (user: User, info: RequestInfo) => boolean;

export function matcherOf({ spec }: FlowSchema): Matcher {
  const rules = (spec.rules ?? []).map((rule) => ruleMatcher(rule));
  return (user, info) => rules.some((matches) => matches(user, info));
}

function ruleMatcher({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects): Matcher {
  const isSubject = subjectTest(subjects);
  const resources = resourceRules.map((rule) => resourceTest(rule));
  const others = nonResourceRules.map((rule) => pathTest(rule));
  return (user, info) => {
    // What is asked is mostly cheaper to tell apart than who asks.
    const { resource } = info;
    const isAbout = resource
      ? resources.some((matches) => matches(info.verb, resource))
      : others.some((matches) => matches(info));
    return isAbout && isSubject(user);
  };
}

function subjectTest(subjects: readonly Subject[]): Test<User> {
  const users = oneOf(subjects.flatMap(({ user }) => user?.name ?? []));
  const groups = oneOf(subjects.flatMap(({ group }) => group?.name ?? []));
  const accounts = subjects.flatMap(({ serviceAccount }) => serviceAccount ?? []);
  const named = new Set(accounts.map(({ namespace, name }) => accountUser(namespace, name)));
  const prefixes = accounts.filter(({ name }) => name === ALL).map(({ namespace }) => accountsOf(namespace));
  return ({ name, groups: own }) =>
    users(name) ||
    named.has(name) ||
    own.some((group) => groups(group)) ||
    prefixes.some((prefix) => name.startsWith(prefix));
}

/** A rule about the cluster's own objects alone names no namespaces. */
type StoredRule = Omit<ResourcePolicyRule, 'namespaces'> & Partial<ResourcePolicyRule>;

function resourceTest({ verbs, apiGroups, resources, namespaces = [], clusterScope = false }: StoredRule) {
  const hasVerb = oneOf(verbs);
  const hasGroup = oneOf(apiGroups);
  const hasResource = oneOf(resources);
  const hasNamespace = oneOf(namespaces);
  return (verb: string, target: ResourceRequest): boolean =>
    hasVerb(verb) &&
    hasGroup(target.group) &&
    hasResource(target.subresource === '' ? target.resource : `${target.resource}/${target.subresource}`) &&
    (target.namespace === '' ? clusterScope : hasNamespace(target.namespace));
}

function pathTest({ verbs, nonResourceURLs }: NonResourcePolicyRule): Test<RequestInfo> {
  const hasVerb = oneOf(verbs);
  const isPath = oneOf(nonResourceURLs);
  const prefixes = nonResourceURLs.map((url) => (url.endsWith(ALL) ? url.slice(0, -1) : url)).map(withSlash);
  return ({ method, path }) =>
    hasVerb(method.toLowerCase()) && (isPath(path) || prefixes.some((prefix) => path.startsWith(prefix)));
}

/** What is below a path belongs to it. */
function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** One of the names, or any at all where the list says so. */
function oneOf(names: readonly string[]): Test<string> {
  if (names.includes(ALL)) return () => true;
  const set = new Set(names);
  return (name) => set.has(name);
}

/** What tells the flows of a schema apart. */
export function distinguisherOf({ spec }: FlowSchema): (user: User, info: RequestInfo) => string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return (user) => user.name;
    case 'ByNamespace':
      return (_user, { resource }) => resource?.namespace ?? '';
    default:
      return () => '';
  }
}
