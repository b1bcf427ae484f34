/** Which requests a rule of a role is about. */
import { ALL, urlCovers } from '../../../api/machinery/rights.ts';
import type { PolicyRule } from '../../../api/types/rbac.v1.ts';
import type { Attributes } from '../attributes.ts';

export function ruleAllows(rule: PolicyRule, { verb, path, resource }: Attributes): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (!resource) return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, path));
  return (
    has(rule.apiGroups, resource.group) &&
    resourceMatches(rule.resources, resource.resource, resource.subresource) &&
    nameMatches(rule.resourceNames, resource.name)
  );
}

function has(list: readonly string[] | undefined, wanted: string): boolean {
  return list !== undefined && (list.includes(wanted) || list.includes(ALL));
}

/** `pods`, `pods/log`, `*`, and `*` before `/log` for this subresource of anything; there is no form for all of a resource. */
function resourceMatches(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (list === undefined) return false;
  if (subresource === '') return has(list, resource);
  return has(list, `${resource}/${subresource}`) || list.includes(`*/${subresource}`);
}

/** A rule with names is about no request that names nothing, such as a list. */
function nameMatches(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}
