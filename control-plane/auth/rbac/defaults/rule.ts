/** Short forms for the rules of the roles that every cluster has. */
import type { PolicyRule } from '../../../../api/types/rbac.v1.ts';

export const READ: readonly string[] = ['get', 'list', 'watch'];
export const WRITE: readonly string[] = ['create', 'delete', 'deletecollection', 'patch', 'update'];

/** `to(READ, 'apps', 'deployments replicasets')`: a rule about resources of one group, or of several. */
export function to(verbs: string | readonly string[], groups: string | readonly string[], ...resources: string[]) {
  const rule: PolicyRule = {
    verbs: [verbs].flat(),
    apiGroups: [groups].flat(),
    resources: words(resources).toSorted(),
  };
  return rule;
}

export function toNamed(
  verbs: string | readonly string[],
  group: string,
  resource: string,
  ...resourceNames: string[]
) {
  return { ...to(verbs, group, resource), resourceNames };
}

/** Reading of what is no resource. */
export function toPaths(...paths: string[]): PolicyRule {
  return { verbs: ['get'], nonResourceURLs: words(paths) };
}

function words(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(' '));
}

export const EVENTS = to(['create', 'patch', 'update'], ['', 'events.k8s.io'], 'events');
/** To ask who somebody is and what he may do changes nothing. */
export const ACCESS_CHECKS: readonly PolicyRule[] = [
  to('create', 'authentication.k8s.io', 'tokenreviews'),
  to('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];
