/**
 * Who gives an object an owner must be allowed to delete the object, since it goes with the owner; who lets it hold its
 * owner back must be allowed to finalize the owner. Not asked for unless a server is told to, as by Kubernetes: much that
 * is installed in clusters does not have these rights.
 */
import { forbidden } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { KubeObject } from '../../api/object.ts';
import type { OwnerReference } from '../../api/types/meta.v1.ts';
import type { Attributes } from '../auth/attributes.ts';
import { decide, type Authorizer, type Decision } from '../auth/authorizer.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

export interface OwnerPermissionsOptions {
  readonly authorizers: readonly Authorizer[];
  /** undefined for a kind that is not served. */
  readonly kindOf: (apiVersion: string, kind: string) => Kind | undefined;
}

export class OwnerPermissions implements AdmissionPlugin {
  readonly name = 'OwnerReferencesPermissionEnforcement';
  private readonly options: OwnerPermissionsOptions;

  constructor(options: OwnerPermissionsOptions) {
    this.options = options;
  }

  handles({ operation, user, object, previous }: AdmissionRequest): boolean {
    return operation !== 'DELETE' && user !== undefined && !sameJson(ownersOf(object), ownersOf(previous));
  }

  validate(request: AdmissionRequest): void {
    const { kind, namespace, name, subresource = '', object, previous } = request;
    // An owner that an object has from the start takes nothing away from anybody.
    if (previous) {
      const target = { group: kind.group, resource: kind.plural, namespace, subresource, name };
      const { verdict, reason } = this.decision(request, { verb: 'delete', path: '', resource: target });
      if (verdict !== 'allow') {
        throw forbidden(kind, name, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
      }
    }
    const held = new Set(blocking(ownersOf(previous)).map(({ uid }) => uid));
    for (const owner of blocking(ownersOf(object))) if (!held.has(owner.uid)) this.checkOwner(request, owner);
  }

  private checkOwner(request: AdmissionRequest, { apiVersion, kind: ownerKind, name }: OwnerReference): void {
    const { kind, namespace } = request;
    const owner = this.options.kindOf(apiVersion, ownerKind);
    if (!owner) {
      const what = `cannot find RESTMapping for APIVersion ${apiVersion} Kind ${ownerKind}`;
      throw forbidden(kind, request.name, `cannot set blockOwnerDeletion in this case because ${what}`);
    }
    const resource = {
      group: owner.group,
      resource: owner.plural,
      namespace: owner.namespaced ? namespace : '',
      subresource: 'finalizers',
      name,
    };
    const { verdict, reason } = this.decision(request, { verb: 'update', path: '', resource });
    if (verdict === 'allow') return;
    const why = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on";
    throw forbidden(kind, request.name, `${why}: ${reason}, <nil>`);
  }

  private decision({ user }: AdmissionRequest, attributes: Attributes): Decision {
    return user ? decide(this.options.authorizers, user, attributes) : { verdict: 'allow', reason: '' };
  }
}

function ownersOf(object: KubeObject | undefined): readonly OwnerReference[] {
  return object?.metadata.ownerReferences ?? [];
}

function blocking(owners: readonly OwnerReference[]): OwnerReference[] {
  return owners.filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true);
}
