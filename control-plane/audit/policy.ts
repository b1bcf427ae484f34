/** The audit policy (audit.k8s.io/v1 Policy): how much is written of a request. The first rule that fits decides. */
import { parse } from 'yaml';
import type { User } from '../user.ts';
import type { RequestInfo } from '../http/request-info.ts';

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

const API_VERSION = 'audit.k8s.io/v1';
const PATH_PATTERN = /^\/[^*]*\*?$/;

interface GroupResources {
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

interface Rule {
  readonly level: Level;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: ReadonlySet<string>;
  readonly omitManagedFields: boolean;
}

/** What the policy says of one request. */
export interface Judgement {
  readonly level: Level;
  readonly omitStages: ReadonlySet<string>;
  readonly omitManagedFields: boolean;
}

/** Says what is wrong with the file, and where in it. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError';
}

const NOTHING: Judgement = { level: 'None', omitStages: new Set(), omitManagedFields: false };

export class AuditPolicy {
  private readonly rules: readonly Rule[];

  /** Throws {@link AuditPolicyError}. */
  constructor(text: string) {
    const policy = record(read(text), 'the file');
    if (policy['apiVersion'] !== API_VERSION) fail('apiVersion', `must be ${API_VERSION}`);
    if (policy['kind'] !== 'Policy') fail('kind', 'must be Policy');
    const rules = list(policy['rules'], 'rules');
    if (rules.length === 0) fail('rules', 'must not be empty');
    const omitStages = stages(policy['omitStages'], 'omitStages');
    const omitManagedFields = policy['omitManagedFields'] === true;
    this.rules = rules.map((rule, at) => ruleOf(rule, `rules[${at}]`, { omitStages, omitManagedFields }));
  }

  judge(user: User | undefined, info: RequestInfo): Judgement {
    return this.rules.find((rule) => fits(rule, user, info)) ?? NOTHING;
  }
}

function fits(rule: Rule, user: User | undefined, info: RequestInfo): boolean {
  if (rule.users.length > 0 && !rule.users.includes(user?.name ?? '')) return false;
  if (rule.userGroups.length > 0 && !rule.userGroups.some((group) => user?.groups.includes(group))) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(verbOf(info))) return false;
  const isGeneral = rule.resources.length === 0 && rule.namespaces.length === 0 && rule.nonResourceURLs.length === 0;
  if (isGeneral) return true;
  return info.resource ? fitsResource(rule, info) : rule.nonResourceURLs.some((url) => fitsPath(url, info.path));
}

/** Of what is no resource: the method, in lower case. */
export function verbOf({ resource, verb, method }: RequestInfo): string {
  return resource ? (verb === 'unknown' ? '' : verb) : method.toLowerCase();
}

function fitsResource(rule: Rule, { resource }: RequestInfo): boolean {
  if (!resource || (rule.resources.length === 0 && rule.namespaces.length === 0)) return false;
  if (rule.namespaces.length > 0 && !rule.namespaces.includes(resource.namespace)) return false;
  if (rule.resources.length === 0) return true;
  const { group, name, subresource } = resource;
  const combined = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  return rule.resources.some((each) => {
    if (each.group !== group) return false;
    if (each.resources.length === 0) return true;
    if (each.resourceNames.length > 0 && !each.resourceNames.includes(name)) return false;
    return each.resources.some(
      (wanted) =>
        wanted === '*' ||
        wanted === combined ||
        (subresource !== '' && (wanted === `*/${subresource}` || wanted === `${resource.resource}/*`)),
    );
  });
}

function fitsPath(pattern: string, path: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

// --- reading ---------------------------------------------------------------------------------------------------------

function read(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' }) as unknown;
  } catch (error) {
    throw new AuditPolicyError(`not YAML: ${(error as Error).message}`, { cause: error });
  }
}

function ruleOf(value: unknown, path: string, common: Pick<Rule, 'omitStages' | 'omitManagedFields'>): Rule {
  const rule = record(value, path);
  const level = LEVELS.find((name) => name === rule['level']);
  if (!level) return fail(`${path}.level`, `must be one of ${LEVELS.join(', ')}`);
  const resources = list(rule['resources'], `${path}.resources`);
  const nonResourceURLs = strings(rule['nonResourceURLs'], `${path}.nonResourceURLs`);
  if (nonResourceURLs.length > 0 && (resources.length > 0 || rule['namespaces'] !== undefined)) {
    fail(`${path}.nonResourceURLs`, 'rules cannot apply to both regular resources and non-resource URLs');
  }
  for (const url of nonResourceURLs) {
    if (url !== '*' && !PATH_PATTERN.test(url)) {
      fail(`${path}.nonResourceURLs`, `${url} must begin with a '/', with a '*' at its end only`);
    }
  }
  return {
    level,
    users: strings(rule['users'], `${path}.users`),
    userGroups: strings(rule['userGroups'], `${path}.userGroups`),
    verbs: strings(rule['verbs'], `${path}.verbs`),
    resources: resources.map((each, at) => resourcesOf(each, `${path}.resources[${at}]`)),
    namespaces: strings(rule['namespaces'], `${path}.namespaces`),
    nonResourceURLs,
    omitStages: new Set([...common.omitStages, ...stages(rule['omitStages'], `${path}.omitStages`)]),
    omitManagedFields:
      typeof rule['omitManagedFields'] === 'boolean' ? rule['omitManagedFields'] : common.omitManagedFields,
  };
}

function resourcesOf(value: unknown, path: string): GroupResources {
  const { group = '', resources, resourceNames } = record(value, path);
  if (typeof group !== 'string') return fail(`${path}.group`, 'must be a string');
  const names = strings(resourceNames, `${path}.resourceNames`);
  const plurals = strings(resources, `${path}.resources`);
  if (names.length > 0 && plurals.length === 0)
    fail(`${path}.resourceNames`, 'using resourceNames requires at least one resource');
  return { group, resources: plurals, resourceNames: names };
}

function stages(value: unknown, path: string): ReadonlySet<string> {
  const found = strings(value, path);
  for (const stage of found) if (!STAGES.some((name) => name === stage)) fail(path, `${stage} is not a stage`);
  return new Set(found);
}

function strings(value: unknown, path: string): string[] {
  return list(value, path).map((each) => (typeof each === 'string' ? each : fail(path, 'must be a list of strings')));
}

function list(value: unknown, path: string): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : fail(path, 'must be a list');
}

function record(value: unknown, path: string): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : fail(path, 'must be an object');
}

function fail(path: string, what: string): never {
  throw new AuditPolicyError(`${path} ${what}`);
}
