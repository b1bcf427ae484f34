/** May this user do that? Until RBAC is here: administrators everything, nodes what is theirs, nobody else anything. */
import { forbidden, StatusError } from '../../api/errors.ts';
import type { RequestInfo, ResourceRequest } from '../server/request-info.ts';
import { GROUPS, type User } from './user.ts';

/** undefined: this authorizer has no opinion. The first opinion counts; when there is none, the answer is no. */
export type Decision = { readonly allowed: boolean; readonly reason: string } | undefined;

export interface Authorizer {
  authorize(user: User, info: RequestInfo): Promise<Decision> | Decision;
}

export const masters: Authorizer = {
  authorize: (user) =>
    user.groups.includes(GROUPS.masters) ? { allowed: true, reason: 'an administrator' } : undefined,
};

/** What everybody who is known may see: which resources there are. */
export const discovery: Authorizer = {
  authorize(_user, { resource, verb, segments }) {
    const open = ['', 'api', 'apis', 'openapi', 'version', 'healthz', 'livez', 'readyz'];
    const isOpen = !resource && verb === 'get' && open.includes(segments[0] ?? '');
    return isOpen ? { allowed: true, reason: 'discovery' } : undefined;
  },
};

/** Throws Forbidden, in Kubernetes' words, unless one of `authorizers` allows it. */
export async function authorize(authorizers: readonly Authorizer[], user: User, info: RequestInfo): Promise<void> {
  let why = '';
  for (const authorizer of authorizers) {
    const decision = await authorizer.authorize(user, info);
    if (decision?.allowed) return;
    if (decision) {
      why = `: ${decision.reason}`;
      break;
    }
  }
  throw info.resource ? refusedResource(user, info, info.resource, why) : refusedPath(user, info, why);
}

function refusedResource(user: User, info: RequestInfo, resource: ResourceRequest, why: string): Error {
  const what = resource.subresource === '' ? resource.resource : `${resource.resource}/${resource.subresource}`;
  const scope = resource.namespace === '' ? 'at the cluster scope' : `in the namespace "${resource.namespace}"`;
  return forbidden(
    { group: resource.group, plural: resource.resource, kind: '' },
    resource.name,
    `User "${user.name}" cannot ${info.verb} resource "${what}" in API group "${resource.group}" ${scope}${why}`,
  );
}

function refusedPath(user: User, info: RequestInfo, why: string): Error {
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `forbidden: User "${user.name}" cannot ${info.method.toLowerCase()} path "${info.path}"${why}`,
    details: {},
  });
}
