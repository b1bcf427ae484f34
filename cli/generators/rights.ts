/** `create role`, `clusterrole`, `rolebinding`, `clusterrolebinding`. */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../api/types/rbac.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { array, list, text } from '../flags.ts';
import type { Session } from '../session.ts';
import { createFlags, createObject, onlyName } from './create.ts';

const GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${GROUP}/v1`;
const RESOURCE_VERBS = new Set(
  'get list watch create update patch delete deletecollection proxy use bind escalate impersonate *'.split(' '),
);
const URL_VERBS = new Set(['get', 'post', 'put', 'delete', 'patch', 'head', 'options', '*']);
/** Verbs that mean something for these resources alone, as `resource.group`. */
const SPECIAL_VERBS: Readonly<Record<string, readonly string[]>> = {
  bind: [`roles.${GROUP}`, `clusterroles.${GROUP}`],
  escalate: [`roles.${GROUP}`, `clusterroles.${GROUP}`],
  impersonate: ['users.', 'groups.', 'serviceaccounts.', 'userextras.authentication.k8s.io'],
  use: ['podsecuritypolicies.policy', 'podsecuritypolicies.extensions'],
};

const roleFlags = {
  ...createFlags,
  verb: list('Verb that applies to the resources contained in the rule'),
  resource: list('Resource that the rule applies to, as NAME[.GROUP][/SUBRESOURCE]'),
  resourceName: array('Resource in the white list that the rule applies to'),
};

interface RuleValues {
  readonly verb: readonly string[];
  readonly resource: readonly string[];
  readonly resourceName: readonly string[];
}

export const role = defineCommand({
  summary: 'Create a role with a single rule',
  usage: 'NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename]',
  examples: ['dure create role reader --verb=get,list,watch --resource=pods,pods/log'],
  flags: roleFlags,
  async run({ args, flags, session }) {
    const metadata = { name: onlyName(args) };
    const rules = await rulesOf(flags, session);
    const object: Role = { apiVersion: API_VERSION, kind: 'Role', metadata, rules };
    await createObject(object, flags, session);
  },
});

export const clusterrole = defineCommand({
  summary: 'Create a cluster role',
  usage:
    'NAME --verb=verb (--resource=resource.group/subresource | --non-resource-url=url) | --aggregation-rule=label=value',
  examples: ['dure create clusterrole metrics --verb=get --non-resource-url=/metrics'],
  flags: {
    ...roleFlags,
    nonResourceUrl: list('A partial url that user should have access to'),
    aggregationRule: list('Label of the cluster roles whose rules are gathered, as key=value'),
  },
  async run({ args, flags, session }) {
    const metadata = { name: onlyName(args) };
    const { nonResourceUrl: urls, aggregationRule } = flags;
    const head = { apiVersion: API_VERSION, kind: 'ClusterRole', metadata };
    if (aggregationRule.length > 0) {
      if ([urls, flags.verb, flags.resource, flags.resourceName].some(({ length }) => length > 0)) {
        throw new CommandError(
          'aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames',
        );
      }
      const matchLabels = Object.fromEntries(aggregationRule.map(labelOf));
      const gathered = { ...head, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] }, rules: null };
      await createObject(gathered, flags, session);
      return;
    }
    const ofUrls = urls.length > 0 ? [urlRule(flags.verb, urls)] : [];
    const ofResources = flags.resource.length > 0 || urls.length === 0 ? await rulesOf(flags, session) : [];
    const object: ClusterRole = { ...head, rules: [...ofResources, ...ofUrls] };
    await createObject(object, flags, session);
  },
});

function labelOf(pair: string): [string, string] {
  const [key = '', value] = pair.split('=');
  if (value === undefined) throw new UsageError(`${pair} must be formatted as key=value`);
  return [key, value];
}

function urlRule(verbs: readonly string[], urls: readonly string[]): PolicyRule {
  if (verbs.length === 0) throw new CommandError('at least one verb must be specified');
  for (const verb of verbs) {
    if (!URL_VERBS.has(verb)) throw new CommandError(`invalid verb: '${verb}' for nonResourceURL`);
  }
  for (const url of urls) {
    if (url !== '*' && !url.startsWith('/')) throw new CommandError('nonResourceURL should start with /');
  }
  return { nonResourceURLs: [...urls], verbs: withoutOthersOfAll(verbs) };
}

/** One rule for each group, the groups in order. */
async function rulesOf({ verb, resource, resourceName }: RuleValues, session: Session): Promise<PolicyRule[]> {
  if (verb.length === 0) throw new CommandError('at least one verb must be specified');
  if (resource.length === 0) throw new CommandError('at least one resource must be specified');
  if (resourceName.length > 0 && resource.length > 1) {
    throw new CommandError('resourceName(s) can not be applied to multiple resources');
  }
  const verbs = withoutOthersOfAll(verb);
  for (const each of verbs)
    if (!RESOURCE_VERBS.has(each)) session.warn(`Warning: '${each}' is not a standard resource verb`);
  const byGroup = new Map<string, string[]>();
  for (const word of resource) {
    const { group, name } = await resourceOf(word, session);
    checkSpecialVerbs(verbs, group, name);
    const own = byGroup.get(group) ?? [];
    byGroup.set(group, own.includes(name) ? own : [...own, name]);
  }
  return [...byGroup]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, resources]) => ({
      apiGroups: [group],
      ...(resourceName.length > 0 ? { resourceNames: [...new Set(resourceName)] } : {}),
      resources,
      verbs,
    }));
}

/** `*` says it all. */
function withoutOthersOfAll(verbs: readonly string[]): string[] {
  return verbs.includes('*') ? ['*'] : [...new Set(verbs)];
}

async function resourceOf(word: string, session: Session): Promise<{ group: string; name: string }> {
  if (word === '*') return { group: '*', name: '*' };
  const slash = word.indexOf('/');
  const [named, subresource] = slash < 0 ? [word, ''] : [word.slice(0, slash), word.slice(slash)];
  const found = await (await session.discovery()).findOrNone(named);
  if (found) return { group: found.group, name: `${found.name}${subresource}` };
  const dot = named.indexOf('.');
  const what = dot < 0 ? `"${named}"` : `"${named.slice(0, dot)}" in group "${named.slice(dot + 1)}"`;
  throw new CommandError(`the server doesn't have a resource type ${what}`);
}

function checkSpecialVerbs(verbs: readonly string[], group: string, name: string): void {
  for (const verb of verbs) {
    const only = SPECIAL_VERBS[verb];
    if (only && !only.includes(`${name}.${group}`)) {
      throw new CommandError(`can not perform '${verb}' on '${name}' in group '${group}'`);
    }
  }
}

const subjectFlags = {
  ...createFlags,
  user: array('Usernames to bind to the role'),
  group: array('Groups to bind to the role'),
  serviceaccount: array('Service accounts to bind to the role, in the format <namespace>:<name>'),
  clusterrole: text('ClusterRole this binding should reference'),
};

interface SubjectValues {
  readonly user: readonly string[];
  readonly group: readonly string[];
  readonly serviceaccount: readonly string[];
}

export const rolebinding = defineCommand({
  summary: 'Create a role binding for a particular role or cluster role',
  usage: 'NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:name]',
  examples: ['dure create rolebinding view --clusterrole=view --user=jane'],
  flags: { ...subjectFlags, role: text('Role this binding should reference') },
  async run({ args, flags, session }) {
    const metadata = { name: onlyName(args) };
    if ((flags.clusterrole === undefined) === (flags.role === undefined)) {
      throw new CommandError('exactly one of clusterrole or role must be specified');
    }
    const kind = flags.role === undefined ? 'ClusterRole' : 'Role';
    const roleRef = { apiGroup: GROUP, kind, name: flags.role ?? flags.clusterrole ?? '' };
    const object: RoleBinding = {
      apiVersion: API_VERSION,
      kind: 'RoleBinding',
      metadata,
      roleRef,
      ...subjectsOf(flags),
    };
    await createObject(object, flags, session);
  },
});

export const clusterrolebinding = defineCommand({
  summary: 'Create a cluster role binding for a particular cluster role',
  usage: 'NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:name]',
  examples: ['dure create clusterrolebinding admins --clusterrole=cluster-admin --group=admins'],
  flags: subjectFlags,
  async run({ args, flags, session }) {
    if (flags.clusterrole === undefined) throw new CommandError('required flag(s) "clusterrole" not set');
    const object: ClusterRoleBinding = {
      apiVersion: API_VERSION,
      kind: 'ClusterRoleBinding',
      metadata: { name: onlyName(args) },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: flags.clusterrole },
      ...subjectsOf(flags),
    };
    await createObject(object, flags, session);
  },
});

export function subjectsOf({ user, group, serviceaccount }: SubjectValues): { subjects?: Subject[] } {
  const subjects: Subject[] = [
    ...user.map((name) => ({ apiGroup: GROUP, kind: 'User', name })),
    ...group.map((name) => ({ apiGroup: GROUP, kind: 'Group', name })),
    ...serviceaccount.map(accountOf),
  ];
  return subjects.length > 0 ? { subjects } : {};
}

function accountOf(word: string): Subject {
  const [namespace, name, ...more] = word.split(':');
  if (!namespace || !name || more.length > 0) throw new CommandError('serviceaccount must be <namespace>:<name>');
  return { kind: 'ServiceAccount', name, namespace };
}
