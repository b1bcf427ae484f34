/** What the agent of a node may do: what nodes do in general, and of what belongs to pods only what its own pods name. */
import { requiredValue } from '../../../api/machinery/field-selectors.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import type { PersistentVolume, Pod } from '../../../api/types/core.v1.ts';
import type { View } from '../../../lib/view.ts';
import type { Attributes } from '../attributes.ts';
import { NO_OPINION, type Authorizer, type Decision, type KnownRules } from '../authorizer.ts';
import { NODE_RULES } from '../rbac/defaults/node.ts';
import { ruleAllows } from '../rbac/matching.ts';
import { nodeNameOf, type User } from '../../user.ts';
import { NODE_REFERENCE_INDEX, referenceKey, type Referenced } from './references.ts';

export interface NodeAuthorizerSources {
  /** The view of pods has the index {@link NODE_REFERENCE_INDEX}. */
  of<T extends KubeObject>(kind: Kind<T>): { readonly view: View<T> };
  find(group: string, version: string, plural: string): { readonly view: View<KubeObject> } | undefined;
}

type Target = NonNullable<Attributes['resource']>;
type Rule = (node: string, target: Target, attributes: Attributes) => Decision;

const ALLOWED: Decision = { verdict: 'allow', reason: '' };
const OWN_BY_NAME = ['get', 'create', 'update', 'patch', 'delete'];
const LEASE_NAMESPACE = 'kube-node-lease';

export class NodeAuthorizer implements Authorizer {
  private readonly sources: NodeAuthorizerSources;
  /** By the resource's name and group. Admission looks at what is written: that is not known yet. */
  private readonly rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
    ['nodes', (node, target, { verb }) => ownNode(node, target, verb)],
    ['pods', (node, target, attributes) => this.pods(node, target, attributes)],
    ['secrets', (node, target, { verb }) => this.reading(node, 'secrets', target, verb)],
    ['configmaps', (node, target, { verb }) => this.reading(node, 'configmaps', target, verb)],
    ['persistentvolumeclaims', (node, target, { verb }) => this.claims(node, target, verb)],
    ['persistentvolumes', (node, target, { verb }) => this.volumes(node, target, verb)],
    ['serviceaccounts', (node, target, { verb }) => this.accounts(node, target, verb)],
    ['resourceclaims.resource.k8s.io', (node, target, { verb }) => this.getting(node, 'resourceclaims', target, verb)],
    ['resourceslices.resource.k8s.io', (node, target, attributes) => this.slices(node, target, attributes)],
    ['volumeattachments.storage.k8s.io', (node, target, { verb }) => this.attachments(node, target, verb)],
    ['leases.coordination.k8s.io', (node, target, { verb }) => ownLease(node, target, verb)],
    ['csinodes.storage.k8s.io', (node, target, { verb }) => ownCsiNode(node, target, verb)],
  ]);

  constructor(sources: NodeAuthorizerSources) {
    this.sources = sources;
  }

  authorize(user: User, attributes: Attributes): Decision {
    const node = nodeNameOf(user);
    if (node === undefined) return NO_OPINION;
    const { resource } = attributes;
    if (resource) {
      const { group, resource: plural } = resource;
      const rule = this.rules.get(group === '' ? plural : `${plural}.${group}`);
      if (rule) return rule(node, resource, attributes);
    }
    return NODE_RULES.some((rule) => ruleAllows(rule, attributes)) ? ALLOWED : NO_OPINION;
  }

  /** Most of a node's rights follow from its pods. */
  rulesFor(user: User): KnownRules {
    if (nodeNameOf(user) === undefined) return { rules: [], incomplete: false, errors: [] };
    return { rules: [], incomplete: true, errors: ['node authorizer does not support user rule resolution'] };
  }

  private pods(node: string, target: Target, { verb, fields = [] }: Attributes): Decision {
    switch (target.subresource) {
      case '':
        if (verb === 'create' || verb === 'delete') return ALLOWED;
        if (verb === 'list' || verb === 'watch') {
          if (requiredValue(fields, 'spec.nodeName') === node) return ALLOWED;
          if (target.name === '') return no('can only list/watch pods with spec.nodeName field selector');
        } else if (verb !== 'get') return NO_OPINION;
        return this.podOf(target)?.spec.nodeName === node ? ALLOWED : unrelated(node);
      case 'status':
        return verb === 'update' || verb === 'patch' ? ALLOWED : NO_OPINION;
      case 'eviction':
        return verb === 'create' ? ALLOWED : NO_OPINION;
      default:
        return NO_OPINION;
    }
  }

  private podOf({ namespace, name }: Target): Pod | undefined {
    return this.sources.of(kinds.pods).view.get(objectKey(namespace, name));
  }

  private reading(node: string, resource: Referenced, target: Target, verb: string): Decision {
    if (!['get', 'list', 'watch'].includes(verb)) return no('can only read resources of this type');
    if (target.subresource !== '') return no('cannot read subresource');
    if (target.namespace === '') return no('can only read namespaced object of this type');
    return this.related(node, resource, target);
  }

  private getting(node: string, resource: Referenced, target: Target, verb: string): Decision {
    return onlyGet(target, verb) ?? this.related(node, resource, target);
  }

  private claims(node: string, target: Target, verb: string): Decision {
    if (target.subresource !== 'status') return this.getting(node, 'persistentvolumeclaims', target, verb);
    if (!['get', 'update', 'patch'].includes(verb)) return no('can only get/update/patch this type');
    return this.related(node, 'persistentvolumeclaims', target);
  }

  /** A volume is a pod's by way of the claim that it is bound to. */
  private volumes(node: string, target: Target, verb: string): Decision {
    const refusal = onlyGet(target, verb);
    if (refusal) return refusal;
    const volume = this.sources.find('', 'v1', 'persistentvolumes')?.view.get(target.name) as
      | PersistentVolume
      | undefined;
    const { namespace = '', name = '' } = volume?.spec.claimRef ?? {};
    return this.isNamed(node, 'persistentvolumeclaims', namespace, name) ? ALLOWED : unrelated(node);
  }

  private attachments(node: string, target: Target, verb: string): Decision {
    const refusal = onlyGet(target, verb);
    if (refusal) return refusal;
    return this.nodeOf('storage.k8s.io', 'volumeattachments', target.name) === node ? ALLOWED : unrelated(node);
  }

  private slices(node: string, target: Target, { verb, fields = [] }: Attributes): Decision {
    if (target.subresource !== '') return no('cannot authorize ResourceSlice subresources');
    if (verb === 'create') return ALLOWED;
    if (['watch', 'list', 'deletecollection'].includes(verb)) {
      if (requiredValue(fields, 'spec.nodeName') === node) return ALLOWED;
      return no('can only list/watch/deletecollection resourceslices with nodeName field selector');
    }
    return this.nodeOf('resource.k8s.io', 'resourceslices', target.name) === node ? ALLOWED : unrelated(node);
  }

  /** The `spec.nodeName` of an object that is not namespaced. */
  private nodeOf(group: string, plural: string, name: string): string | undefined {
    const object = this.sources.find(group, 'v1', plural)?.view.get(name);
    return (object as { spec?: { nodeName?: string } } | undefined)?.spec?.nodeName;
  }

  private accounts(node: string, target: Target, verb: string): Decision {
    // An agent may have to say to a registry of images which account asks.
    if (verb === 'get') return this.reading(node, 'serviceaccounts', target, verb);
    if (verb !== 'create' || target.name === '') return no('can only create tokens for individual service accounts');
    if (target.subresource !== 'token') return no('can only create token subresource of serviceaccount');
    return this.related(node, 'serviceaccounts', target);
  }

  private related(node: string, resource: Referenced, { namespace, name }: Target): Decision {
    if (name === '') return no('No Object name found');
    return this.isNamed(node, resource, namespace, name) ? ALLOWED : unrelated(node);
  }

  private isNamed(node: string, resource: Referenced, namespace: string, name: string): boolean {
    const key = referenceKey(node, resource, namespace, name);
    for (const _ of this.sources.of(kinds.pods).view.byIndex(NODE_REFERENCE_INDEX, key)) return true;
    return false;
  }
}

function ownNode(node: string, { name, subresource }: Target, verb: string): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOWED : NO_OPINION;
  if (subresource !== '') return NO_OPINION;
  if (['create', 'update', 'patch'].includes(verb)) return ALLOWED;
  if (!['get', 'list', 'watch'].includes(verb)) return NO_OPINION;
  if (name === node) return ALLOWED;
  if (name === '') return no(`node '${node}' cannot read all nodes, only its own Node object`);
  return no(`node '${node}' cannot read '${name}', only its own Node object`);
}

function ownLease(node: string, { namespace, name }: Target, verb: string): Decision {
  if (!OWN_BY_NAME.includes(verb)) return no('can only get, create, update, patch, or delete a node lease');
  if (namespace !== LEASE_NAMESPACE) return no(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  if (verb === 'create' || name === node) return ALLOWED;
  return no('can only access node lease with the same name as the requesting node');
}

function ownCsiNode(node: string, { name, subresource }: Target, verb: string): Decision {
  if (!OWN_BY_NAME.includes(verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return no('cannot authorize CSINode subresources');
  if (verb === 'create' || name === node) return ALLOWED;
  return no('can only access CSINode with the same name as the requesting node');
}

function onlyGet({ subresource }: Target, verb: string): Decision | undefined {
  if (verb !== 'get') return no('can only get individual resources of this type');
  return subresource === '' ? undefined : no('cannot get subresource');
}

function unrelated(node: string): Decision {
  return no(`no relationship found between node '${node}' and this object`);
}

/** Not a refusal: another authorizer may still allow it. */
function no(reason: string): Decision {
  return { verdict: 'none', reason };
}
