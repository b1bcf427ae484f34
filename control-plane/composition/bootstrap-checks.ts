/**
 * Whether the objects are there that every cluster has before anybody asks: who acts the moment a new server is ready
 * finds the namespace `default` and his rights. Named as Kubernetes names them.
 */
import { type Kind, kinds } from '../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { View } from '../../lib/view.ts';
import {
  DEFAULT_CLUSTER_ROLE_BINDINGS,
  DEFAULT_CLUSTER_ROLES,
  DEFAULT_ROLE_BINDINGS,
  DEFAULT_ROLES,
} from '../auth/rbac/defaults/policy.ts';
import { SYSTEM_NAMESPACES } from '../controllers/bootstrap/plan.ts';
import type { HealthCheck } from '../server/health.ts';

/** What is still missing then was taken away on purpose. */
const BEGINNING_MILLISECONDS = 60_000;
const PRIORITY_CLASSES = ['system-cluster-critical', 'system-node-critical'];

export interface BootstrapChecksOptions {
  readonly viewOf: <T extends KubeObject>(kind: Kind<T>) => View<T>;
  readonly clock: Clock;
}

interface Wanted {
  readonly kind: Kind;
  readonly key: string;
}

export function bootstrapChecks(options: BootstrapChecksOptions): HealthCheck[] {
  const of = (kind: Kind, objects: readonly KubeObject[]): Wanted[] =>
    objects.map(({ metadata: { namespace, name = '' } }) => ({ kind, key: objectKey(namespace, name) }));
  const named = (kind: Kind, names: readonly string[]): Wanted[] => names.map((key) => ({ kind, key }));
  return [
    onceThere('start-system-namespaces-controller', named(kinds.namespaces as Kind, SYSTEM_NAMESPACES), options),
    onceThere(
      'rbac/bootstrap-roles',
      [
        ...of(kinds.clusterroles as Kind, DEFAULT_CLUSTER_ROLES),
        ...of(kinds.clusterrolebindings as Kind, DEFAULT_CLUSTER_ROLE_BINDINGS),
        ...of(kinds.roles as Kind, DEFAULT_ROLES),
        ...of(kinds.rolebindings as Kind, DEFAULT_ROLE_BINDINGS),
      ],
      options,
    ),
    onceThere(
      'scheduling/bootstrap-system-priority-classes',
      named(kinds.priorityclasses as Kind, PRIORITY_CLASSES),
      options,
    ),
  ];
}

/** Passes for good once it has passed. */
function onceThere(name: string, wanted: readonly Wanted[], { viewOf, clock }: BootstrapChecksOptions): HealthCheck {
  let isPassed = false;
  return {
    name: `poststarthook/${name}`,
    liveness: false,
    check() {
      if (isPassed) return;
      const missing = wanted.filter(({ kind, key }) => !viewOf(kind).get(key));
      const began = viewOf(kinds.namespaces).get('kube-system')?.metadata.creationTimestamp;
      const isOld = began !== undefined && clock.date().getTime() - Date.parse(began) > BEGINNING_MILLISECONDS;
      if (missing.length > 0 && !isOld) {
        const [first] = missing;
        throw new Error(
          `${missing.length} of ${wanted.length} objects are missing, ${first?.kind.plural} ${first?.key} among them`,
        );
      }
      isPassed = true;
    },
  };
}
