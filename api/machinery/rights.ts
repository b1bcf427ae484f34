/** Which rights of some rules other rules don't have: what keeps anybody from giving more than he has. */
import type { PolicyRule } from '../types/rbac.v1.ts';

export const ALL = '*';

/** One right that can't be divided. */
export type Right =
  | { readonly verb: string; readonly group: string; readonly resource: string; readonly name: string | undefined }
  | { readonly verb: string; readonly url: string };

/** Rules are products of lists: a few lines can stand for more rights than can be looked at. */
export const MAX_RIGHTS = 20_000;

/** How many rights the rules come to. */
export function countRights(rules: readonly PolicyRule[]): number {
  const size = (list: readonly string[] | undefined): number => list?.length ?? 0;
  return rules.reduce((total, rule) => {
    const resources = size(rule.apiGroups) * size(rule.resources) * Math.max(1, size(rule.resourceNames));
    return total + size(rule.verbs) * (resources + size(rule.nonResourceURLs));
  }, 0);
}

export function* rightsOf({
  verbs,
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
}: PolicyRule): Iterable<Right> {
  const names = resourceNames?.length ? resourceNames : [undefined];
  for (const verb of verbs ?? []) {
    for (const url of nonResourceURLs ?? []) yield { verb, url };
    for (const group of apiGroups ?? []) {
      for (const resource of resources ?? []) for (const name of names) yield { verb, group, resource, name };
    }
  }
}

/** The rights of `wanted` that `held` does not have. Look at {@link countRights} first. */
export function missingRights(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): Right[] {
  const holders = held.map((rule) => new Holder(rule));
  return wanted.flatMap((rule) => [...rightsOf(rule)].filter((right) => !holders.some((holder) => holder.has(right))));
}

class Holder {
  private readonly verbs: ReadonlySet<string>;
  private readonly groups: ReadonlySet<string>;
  private readonly resources: ReadonlySet<string>;
  private readonly names: ReadonlySet<string>;
  private readonly urls: readonly string[];

  constructor({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule) {
    this.verbs = new Set(verbs);
    this.groups = new Set(apiGroups);
    this.resources = new Set(resources);
    this.names = new Set(resourceNames);
    this.urls = nonResourceURLs ?? [];
  }

  has(right: Right): boolean {
    if (!this.verbs.has(right.verb) && !this.verbs.has(ALL)) return false;
    if ('url' in right) return this.urls.some((url) => urlCovers(url, right.url));
    if (!this.groups.has(right.group) && !this.groups.has(ALL)) return false;
    return this.hasResource(right.resource) && this.hasName(right.name);
  }

  private hasResource(resource: string): boolean {
    if (this.resources.has(resource) || this.resources.has(ALL)) return true;
    const slash = resource.indexOf('/');
    return slash >= 0 && this.resources.has(`${ALL}${resource.slice(slash)}`);
  }

  private hasName(name: string | undefined): boolean {
    return this.names.size === 0 || (name !== undefined && this.names.has(name));
  }
}

/** In Kubernetes' short form, one line a rule: rights that differ by their verb alone are one. */
export function describeRights(rights: readonly Right[]): string[] {
  const rules = new Map<string, string[]>();
  for (const right of rights) {
    const { verb } = right;
    const isSimple = !('url' in right) && right.name === undefined;
    const key = isSimple ? scopeOf(right) : `${scopeOf(right)}\0${verb}`;
    const verbs = rules.get(key);
    if (verbs) verbs.push(verb);
    else rules.set(key, [verb]);
  }
  return [...rules].map(([key, verbs]) => `{${key.split('\0')[0]}, Verbs:${quotedList(verbs)}}`).toSorted();
}

function scopeOf(right: Right): string {
  if ('url' in right) return `NonResourceURLs:${quotedList([right.url])}`;
  const { group, resource, name } = right;
  const names = name === undefined ? '' : `, ResourceNames:${quotedList([name])}`;
  return `APIGroups:${quotedList([group])}, Resources:${quotedList([resource])}${names}`;
}

export function quotedList(list: readonly string[]): string {
  return `[${list.map((text) => JSON.stringify(text)).join(' ')}]`;
}

/** A path, or the beginning of one and a star. */
export function urlCovers(url: string, path: string): boolean {
  if (url === ALL || url === path) return true;
  return url.endsWith(ALL) && path.startsWith(withoutStars(url));
}

function withoutStars(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === ALL) end -= 1;
  return url.slice(0, end);
}
