/** Everything that has a say in what is written, in its order. */
import { type Kind, kinds } from '../../api/kinds.ts';
import { objectKey } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import { authorizersOf } from '../auth/authorizers.ts';
import { RuleResolver } from '../auth/rbac/resolver.ts';
import { generateName, type RandomInteger } from '../../api/machinery/name-generator.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import { CertificateRequests } from './certificate-requests.ts';
import { AdmissionChain } from './chain.ts';
import { ClaimResize } from './claim-resize.ts';
import { DefaultIngressClass, DefaultStorageClass } from './default-class.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { EscalationCheck } from './escalation.ts';
import { LimitRanger } from './limit-ranger.ts';
import { lookupOf } from './lookup.ts';
import { NamespaceLifecycle } from './namespace-lifecycle.ts';
import { NodeRestriction } from './node-restriction.ts';
import { OwnerPermissions } from './owner-permissions.ts';
import { PodSecurity } from './pod-security/plugin.ts';
import type { Admission, AdmissionPlugin } from '../registry/admission.ts';
import { PriorityAdmission } from './priority.ts';
import { ResourceQuotaAdmission } from './resource-quota.ts';
import { RuntimeClassAdmission } from './runtime-class.ts';
import { ServiceAccountAdmission } from './service-account.ts';
import { storageProtection } from './storage-protection.ts';

export interface AdmissionOptions {
  /** Asked when rules are used, not before: its resources may still be being made. */
  registry: ResourceRegistry;
  clock: Clock;
  random: RandomInteger;
  /** Rules that run after the built-in ones. */
  further?: readonly AdmissionPlugin[];
  /** Who sets owners needs rights to what he sets them on, and to those that they hold back. */
  ownerPermissions?: boolean;
}

const RBAC_KINDS: readonly Kind[] = [
  kinds.roles,
  kinds.rolebindings,
  kinds.clusterroles,
  kinds.clusterrolebindings,
] as Kind[];

export function composeAdmission(options: AdmissionOptions): Admission {
  // Quotas last, when nobody else can refuse what has been charged.
  return new AdmissionChain([...builtIn(options), ...(options.further ?? []), quotas(options)]);
}

/** The rules that always hold. */
function builtIn({ registry, clock, random, ownerPermissions }: AdmissionOptions): AdmissionPlugin[] {
  const authorizers = authorizersOf(registry);
  return [
    new NamespaceLifecycle({
      known: (name) => registry.resource(kinds.namespaces).view.get(name),
      get: (name) => registry.resource(kinds.namespaces).get('', name),
    }),
    new ServiceAccountAdmission({
      known: (namespace, name) => registry.resource(kinds.serviceaccounts).view.get(objectKey(namespace, name)),
      get: (namespace, name) => registry.resource(kinds.serviceaccounts).get(namespace, name),
      generateName: (prefix) => generateName(prefix, random),
    }),
    new LimitRanger({ ranges: lookupOf(registry, kinds.limitranges) }),
    new RuntimeClassAdmission({ classes: lookupOf(registry, kinds.runtimeclasses) }),
    new PriorityAdmission({ classes: lookupOf(registry, kinds.priorityclasses) }),
    defaultTolerations,
    new PodSecurity({ namespaces: lookupOf(registry, kinds.namespaces), pods: lookupOf(registry, kinds.pods) }),
    new DefaultStorageClass({ classes: lookupOf(registry, kinds.storageclasses) }),
    new DefaultIngressClass({ classes: lookupOf(registry, kinds.ingressclasses) }),
    storageProtection,
    new ClaimResize({ classes: lookupOf(registry, kinds.storageclasses) }),
    new NodeRestriction({
      nodes: () => registry.resource(kinds.nodes).view,
      pods: () => registry.resource(kinds.pods).view,
    }),
    new CertificateRequests({ authorizers, clock }),
    ...(ownerPermissions
      ? [new OwnerPermissions({ authorizers, kindOf: (apiVersion, kind) => registry.kindOf(apiVersion, kind) })]
      : []),
    new EscalationCheck({
      authorizers,
      resolver: new RuleResolver(registry),
      whenFresh: async () => void (await Promise.all(RBAC_KINDS.map((kind) => registry.of(kind).cache.whenFresh()))),
    }),
  ];
}

function quotas({ registry, clock }: AdmissionOptions): ResourceQuotaAdmission {
  return new ResourceQuotaAdmission({
    quotas: lookupOf(registry, kinds.resourcequotas),
    clock,
    write: (namespace, name, change) =>
      registry.resource(kinds.resourcequotas).mutate(namespace, name, change, { subresource: 'status' }),
  });
}
