/** Rules of webhooks and policies, made once into what decides quickly. */
import type { Kind } from '../../../api/kinds.ts';
import type { NamedRuleWithOperations } from '../../../api/types/admissionregistration.v1.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';

export type RuleMatcher = (request: AdmissionRequest, kind: Kind) => boolean;

/** `kind` is the request's, or one that is equivalent to it. */
export function compileRule(rule: NamedRuleWithOperations): RuleMatcher {
  const operations = oneOf(rule.operations);
  const groups = oneOf(rule.apiGroups);
  const versions = oneOf(rule.apiVersions);
  const resources = compileResources(rule.resources ?? []);
  const names = rule.resourceNames?.length ? new Set(rule.resourceNames) : undefined;
  const { scope = '*' } = rule;
  return (request, kind) =>
    operations(request.operation) &&
    groups(kind.group) &&
    versions(kind.version) &&
    resources(kind.plural, request.subresource ?? '') &&
    (scope === '*' || (scope === 'Namespaced') === kind.namespaced) &&
    (names === undefined || names.has(request.name));
}

function oneOf(values: readonly string[] = []): (value: string) => boolean {
  if (values.includes('*')) return () => true;
  const set = new Set(values);
  return (value) => set.has(value);
}

/** `pods` means no subresource, `pods/*` the pods and all below them, `*` everything but subresources, `*` + `/*` all. */
function compileResources(texts: readonly string[]): (plural: string, subresource: string) => boolean {
  const pairs = texts.map((text) => {
    const slash = text.indexOf('/');
    return slash < 0 ? { plural: text, sub: '' } : { plural: text.slice(0, slash), sub: text.slice(slash + 1) };
  });
  return (plural, subresource) =>
    pairs.some(
      (pair) => (pair.plural === '*' || pair.plural === plural) && (pair.sub === '*' || pair.sub === subresource),
    );
}
