/** FlowSchema: which requests go to which level of priority. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../../machinery/names.ts';
import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../types/flowcontrol.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { MANDATORY_FLOW_SCHEMAS } from './mandatory.ts';

const MAX_PRECEDENCE = 10_000;
const METHODS = ['ByNamespace', 'ByUser'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const SUBJECT_FIELDS = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const;

export function validateFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const errors = new FieldErrors();
  validateSpec(errors, metadata.name ?? '', spec);
  const fixed = MANDATORY_FLOW_SCHEMAS.get(metadata.name ?? '');
  if (fixed && !sameJson(spec, fixed)) {
    errors.invalid('spec', spec, `spec of '${metadata.name}' must equal the fixed value`);
  }
  validateConditions(errors, status.conditions);
  return errors.list;
}

function validateSpec(errors: FieldErrors, name: string, spec: Partial<FlowSchemaSpec>): void {
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration: level } = spec;
  const at = 'spec.matchingPrecedence';
  if (matchingPrecedence <= 0) errors.invalid(at, matchingPrecedence, 'must be a positive value');
  if (matchingPrecedence > MAX_PRECEDENCE) {
    errors.invalid(at, matchingPrecedence, `must not be greater than ${MAX_PRECEDENCE}`);
  }
  if (matchingPrecedence === 1 && name !== 'exempt') {
    errors.invalid(at, 1, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  if (distinguisherMethod && !METHODS.includes(distinguisherMethod.type)) {
    errors.notSupported('spec.distinguisherMethod.type', distinguisherMethod, METHODS);
  }
  if (!level?.name) errors.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
  else errors.check('spec.priorityLevelConfiguration.name', level.name, checkDnsSubdomain);
  spec.rules?.forEach((rule, index) => validateRules(errors, rule, `spec.rules[${index}]`));
}

function validateRules(errors: FieldErrors, rules: Partial<PolicyRulesWithSubjects>, path: string): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rules;
  if (subjects.length === 0) errors.required(`${path}.subjects`, 'subjects must contain at least one value');
  subjects.forEach((subject, index) => validateSubject(errors, subject, `${path}.subjects[${index}]`));
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  resourceRules.forEach((rule, index) => validateResourceRule(errors, rule, `${path}.resourceRules[${index}]`));
  nonResourceRules.forEach((rule, index) => validatePathRule(errors, rule, `${path}.nonResourceRules[${index}]`));
}

function validateSubject(errors: FieldErrors, subject: Subject, path: string): void {
  const kinds = Object.keys(SUBJECT_FIELDS) as (keyof typeof SUBJECT_FIELDS)[];
  const own = kinds.find((kind) => kind === subject.kind);
  if (own === undefined) {
    errors.notSupported(`${path}.kind`, subject.kind ?? '', kinds.toSorted());
    return;
  }
  const field = SUBJECT_FIELDS[own];
  const named = subject[field];
  if (!named) errors.required(`${path}.${field}`, `${field} is required when subject kind is '${own}'`);
  else if (!named.name) errors.required(`${path}.${field}.name`);
  if (own === 'ServiceAccount' && subject.serviceAccount) validateAccount(errors, subject.serviceAccount, path);
  for (const other of kinds) {
    const otherField = SUBJECT_FIELDS[other];
    if (other !== own && subject[otherField]) {
      errors.forbidden(`${path}.${otherField}`, `${otherField} is forbidden when subject kind is not '${other}'`);
    }
  }
}

function validateAccount(errors: FieldErrors, account: NonNullable<Subject['serviceAccount']>, path: string): void {
  const { name, namespace } = account;
  if (name && name !== '*') errors.check(`${path}.serviceAccount.name`, name, checkDnsSubdomain);
  if (namespace) errors.check(`${path}.serviceAccount.namespace`, namespace, checkDnsLabel);
  else errors.required(`${path}.serviceAccount.namespace`, 'must specify namespace for service account');
}

function validateVerbs(errors: FieldErrors, verbs: readonly string[], path: string): void {
  if (verbs.length === 0) errors.required(path, 'verbs must contain at least one value');
  else if (verbs.includes('*')) {
    if (verbs.length > 1) errors.invalid(path, verbs, "if '*' is present, must not specify other verbs");
  } else if (!verbs.every((verb) => VERBS.includes(verb))) errors.notSupported(path, verbs, VERBS);
}

function validateResourceRule(errors: FieldErrors, rule: Partial<ResourcePolicyRule>, path: string): void {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope = false } = rule;
  validateVerbs(errors, rule.verbs ?? [], `${path}.verbs`);
  if (apiGroups.length === 0) errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  alone(errors, apiGroups, 'api groups', `${path}.apiGroups`);
  if (resources.length === 0) errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  alone(errors, resources, 'resources', `${path}.resources`);
  if (namespaces.length === 0 && !clusterScope) {
    const detail = 'resource rules that are not cluster scoped must supply at least one namespace';
    errors.required(`${path}.namespaces`, detail);
  }
  alone(errors, namespaces, 'namespaces', `${path}.namespaces`);
  if (namespaces.includes('*')) return;
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  namespaces.forEach((namespace, index) => {
    const wrong = checkDnsLabel(namespace).map((detail) => intro + detail);
    errors.invalidEach(`${path}.namespaces[${index}]`, namespace, wrong);
  });
}

/** What stands for everything stands alone. */
function alone(errors: FieldErrors, values: readonly string[], what: string, path: string): void {
  if (values.length < 2 || !values.includes('*')) return;
  errors.invalid(path, values, `if '*' is present, must not specify other ${what}`);
}

function validatePathRule(errors: FieldErrors, { verbs, nonResourceURLs }: NonResourcePolicyRule, path: string): void {
  validateVerbs(errors, verbs ?? [], `${path}.verbs`);
  const at = `${path}.nonResourceURLs`;
  const urls = nonResourceURLs ?? [];
  if (urls.length === 0) errors.required(at, 'nonResourceURLs must contain at least one value');
  alone(errors, urls, 'non-resource URLs', at);
  if (urls.includes('*')) return;
  urls.forEach((url, index) => {
    const wrong = pathMistake(url);
    if (wrong !== undefined) errors.invalid(`${at}[${index}]`, url, wrong);
  });
}

function pathMistake(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const wildcards = path.split('*').length - 1;
  const isGood = wildcards === 0 || (wildcards === 1 && path.endsWith('/*'));
  return isGood ? undefined : 'wildcard can only do suffix matching';
}

/** Each type of condition once. */
export function validateConditions(errors: FieldErrors, conditions: readonly { type?: string }[] = []): void {
  const seen = new Set<string>();
  conditions.forEach(({ type = '' }, index) => {
    const at = `status.conditions[${index}].type`;
    if (seen.has(type)) errors.duplicate(at, type);
    seen.add(type);
    if (type === '') errors.required(at, 'must not be empty');
  });
}
