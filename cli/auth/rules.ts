/** Rights as a table, as `kubectl auth can-i --list` sets them: one row a resource, its verbs together. */
import type { SubjectRulesReviewStatus } from '../../api/types/authorization.v1.ts';

interface Row {
  readonly resource: string;
  readonly group: string | undefined;
  readonly urls: readonly string[];
  readonly names: readonly string[];
  readonly verbs: string[];
}

export const RULE_HEADS = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];

export function ruleRows({ resourceRules, nonResourceRules }: SubjectRulesReviewStatus): string[][] {
  const simple = new Map<string, Row>();
  const rows: Row[] = [];
  for (const { verbs, apiGroups = [], resources = [], resourceNames = [] } of resourceRules) {
    for (const group of apiGroups) {
      for (const resource of resources) {
        const row = { resource, group, urls: [] };
        if (resourceNames.length === 0) merge(simple, { ...row, names: [], verbs: [...verbs] });
        else
          for (const name of resourceNames)
            for (const verb of verbs) rows.push({ ...row, names: [name], verbs: [verb] });
      }
    }
  }
  for (const { verbs, nonResourceURLs = [] } of nonResourceRules) {
    for (const url of nonResourceURLs) {
      for (const verb of verbs) rows.push({ resource: '', group: undefined, urls: [url], names: [], verbs: [verb] });
    }
  }
  const sorted = [...rows, ...simple.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return sorted.map((row) => [nameOf(row), shown(row.urls), shown(row.names), shown(row.verbs)]);
}

function merge(rows: Map<string, Row>, row: Row): void {
  const key = `${row.group} ${row.resource}`;
  const known = rows.get(key);
  if (known) known.verbs.push(...row.verbs);
  else rows.set(key, row);
}

/** By their verbs first, then by what they are about. */
function keyOf({ verbs, group, resource, names, urls }: Row): string {
  const groups = group === undefined ? [] : [group];
  const resources = resource === '' ? [] : [resource];
  return [verbs, groups, resources, names, urls].map(shown).join(',');
}

function nameOf({ resource, group }: Row): string {
  const slash = resource.indexOf('/');
  const name = slash < 0 ? resource : resource.slice(0, slash);
  return `${name}${group ? `.${group}` : ''}${slash < 0 ? '' : resource.slice(slash)}`;
}

function shown(list: readonly string[]): string {
  return `[${list.join(' ')}]`;
}
