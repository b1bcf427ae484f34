/** What a role or binding becomes when a file's is reconciled with the one that is there. Pure. */
import { sameJson } from '../../api/machinery/json.ts';
import { missingRights, type Right } from '../../api/machinery/rights.ts';
import type { KubeObject } from '../../api/object.ts';
import type { AggregationRule, PolicyRule, RoleRef, Subject } from '../../api/types/rbac.v1.ts';

export interface AnyRole extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: AggregationRule;
}

export interface AnyBinding extends KubeObject {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[] | null;
}

export interface Reconciled<T> {
  readonly object: T;
  /** What has to be done for it. */
  readonly operation: 'none' | 'create' | 'update' | 'recreate';
  /** Its annotation says that it stays as it is. */
  readonly isKept: boolean;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

const RBAC = 'rbac.authorization.k8s.io';
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

export function reconciledRole(
  wanted: AnyRole,
  found: AnyRole | undefined,
  removesExtra: boolean,
): Reconciled<AnyRole> {
  if (!found) return { ...NOTHING, object: wanted, operation: 'create', missing: ruleTexts(wanted.rules ?? []) };
  const [expected, held] = [wanted.rules ?? [], found.rules ?? []];
  const missing = missingRights(held, expected).map(ruleOf);
  const isGathered = wanted.aggregationRule !== undefined && found.aggregationRule !== undefined;
  const extra = isGathered ? [] : missingRights(expected, held).map(ruleOf);
  const isOther = missing.length > 0 || (removesExtra && extra.length > 0);
  const rules = removesExtra ? expected : [...held, ...missing];
  const aggregationRule = aggregated(wanted.aggregationRule, found.aggregationRule, removesExtra);
  const { aggregationRule: _before, ...rest } = found;
  const object = {
    ...rest,
    metadata: merged(wanted, found),
    ...(isOther ? { rules } : {}),
    ...(aggregationRule ? { aggregationRule } : {}),
  };
  return {
    object,
    operation: sameJson(object, found) ? 'none' : 'update',
    isKept: isKept(found),
    missing: ruleTexts(missing),
    extra: ruleTexts(extra),
  };
}

export function reconciledBinding(
  wanted: AnyBinding,
  found: AnyBinding | undefined,
  removesExtra: boolean,
): Reconciled<AnyBinding> {
  const expected = wanted.subjects ?? [];
  if (!found) return { ...NOTHING, object: wanted, operation: 'create', missing: expected.map(subjectText) };
  const held = found.subjects ?? [];
  if (!sameJson(found.roleRef, wanted.roleRef)) {
    return { ...NOTHING, object: wanted, operation: 'recreate', isKept: isKept(found) };
  }
  const without = (all: readonly Subject[], others: readonly Subject[]): readonly Subject[] =>
    all.filter((each) => !others.some((other) => isSame(other, each)));
  const [missing, extra] = [without(expected, held), without(held, expected)];
  const isOther = missing.length > 0 || (removesExtra && extra.length > 0);
  const subjects = removesExtra ? expected : [...held, ...missing];
  const object = { ...found, metadata: merged(wanted, found), ...(isOther ? { subjects } : {}) };
  return {
    object,
    operation: sameJson(object, found) ? 'none' : 'update',
    isKept: isKept(found),
    missing: missing.map(subjectText),
    extra: extra.map(subjectText),
  };
}

const NOTHING = { isKept: false, missing: [], extra: [] } as const;

function isKept({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[AUTOUPDATE] === 'false';
}

/** What is there already counts; only what lacks is added. */
function merged({ metadata: wanted }: KubeObject, { metadata: found }: KubeObject): KubeObject['metadata'] {
  const labels = { ...wanted.labels, ...found.labels };
  const annotations = { ...wanted.annotations, ...found.annotations };
  return {
    ...found,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

function aggregated(
  wanted: AggregationRule | undefined,
  found: AggregationRule | undefined,
  removesExtra: boolean,
): AggregationRule | undefined {
  if (!wanted || !found || removesExtra) return wanted;
  const held = found.clusterRoleSelectors ?? [];
  const missing = (wanted.clusterRoleSelectors ?? []).filter((each) => !held.some((other) => sameJson(each, other)));
  return missing.length === 0 ? found : { ...found, clusterRoleSelectors: [...held, ...missing] };
}

function ruleOf(right: Right): PolicyRule {
  if ('url' in right) return { verbs: [right.verb], nonResourceURLs: [right.url] };
  const { verb, group, resource, name } = right;
  const names = name === undefined ? {} : { resourceNames: [name] };
  return { verbs: [verb], apiGroups: [group], resources: [resource], ...names };
}

function ruleTexts(rules: readonly PolicyRule[]): string[] {
  const shown = (list: readonly string[] = []): string => `[${list.join(' ')}]`;
  return rules.map(
    ({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }) =>
      `{Verbs:${shown(verbs)} APIGroups:${shown(apiGroups)} Resources:${shown(resources)} ` +
      `ResourceNames:${shown(resourceNames)} NonResourceURLs:${shown(nonResourceURLs)}}`,
  );
}

function subjectText({ kind, apiGroup = '', name, namespace = '' }: Subject): string {
  return `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`;
}

/** A group that is not given is the one that the server fills in. */
function isSame(a: Subject, b: Subject): boolean {
  const filled = (subject: Subject): Subject =>
    subject.apiGroup || subject.kind === 'ServiceAccount' ? subject : { ...subject, apiGroup: RBAC };
  return subjectText(filled(a)) === subjectText(filled(b));
}
