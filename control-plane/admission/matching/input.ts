/** A request as webhooks and expressions are shown it: `AdmissionRequest` of admission.k8s.io/v1. */
import { apiVersionOf, type Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { AdmissionRequest as Shown } from '../../../api/types/admission.v1.ts';
import type { AdmissionRequest, User } from '../../registry/admission.ts';

/** Parts of the control plane ask as this user. */
const SELF: User = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

const OPTIONS_KINDS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

export interface Objects {
  readonly object: KubeObject | undefined;
  readonly previous: KubeObject | undefined;
}

/** Without the objects and the uid. `matched`: the version of the resource in which the request is shown. */
export function shownRequest(request: AdmissionRequest, matched: Kind): Omit<Shown, 'uid'> {
  const { kind, subresource, operation, name, namespace, dryRun, user = SELF } = request;
  const isNamespace = kind.group === '' && kind.kind === 'Namespace';
  const inNamespace = isNamespace ? name : namespace;
  return {
    kind: kindOf(request, matched),
    resource: resourceOf(matched),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: kindOf(request, kind),
    requestResource: resourceOf(kind),
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(inNamespace ? { namespace: inNamespace } : {}),
    operation,
    userInfo: userInfo(user),
    dryRun,
    ...optionsOf(operation, dryRun),
  };
}

function kindOf({ objectKind }: AdmissionRequest, kind: Kind): Shown['kind'] {
  const { group, version, kind: name } = objectKind ?? kind;
  return { group, version, kind: name };
}

function resourceOf({ group, version, plural }: Kind): Shown['resource'] {
  return { group, version, resource: plural };
}

function userInfo({ name, uid, groups, extra }: User): Shown['userInfo'] {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    groups: [...groups],
    ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
  };
}

function optionsOf(operation: AdmissionRequest['operation'], dryRun: boolean): { options?: Record<string, unknown> } {
  if (operation === 'CONNECT') return {};
  const kind = OPTIONS_KINDS[operation];
  return { options: { kind, apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) } };
}

/** With its type, which objects from within the server may lack. */
export function typed(object: KubeObject | undefined, kind: Kind, request: AdmissionRequest): KubeObject | null {
  if (!object) return null;
  const { objectKind } = request;
  if (objectKind) {
    const { group, version, kind: name } = objectKind;
    return { ...object, kind: name, apiVersion: group === '' ? version : `${group}/${version}` };
  }
  return { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) };
}
