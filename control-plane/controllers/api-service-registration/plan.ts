/** The APIServices of what is served here: one for each version of each group. */
import { BUILT_IN_PRIORITIES, CUSTOM_PRIORITY, type Priority } from '../../../api/group-priorities.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions.v1.ts';
import type { APIService, APIServiceSpec } from '../../../api/types/apiregistration.v1.ts';
import { targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

/** Says that an APIService is kept by the servers, and how: built-in ones, and those of custom resources. */
export const AUTO_MANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const BUILT_IN = 'onstart';
const CUSTOM = 'true';

/** Computed here only as long as nobody else serves them. */
const REPLACEABLE: ReadonlySet<string> = new Set(['metrics.k8s.io']);

export interface Wanted {
  readonly spec: APIServiceSpec;
  readonly label: string;
}

/** By the names of their APIServices. */
export function builtInApis(): ReadonlyMap<string, Wanted> {
  return new Map(
    [...BUILT_IN_PRIORITIES].map(([id, priority]) => {
      const [group = '', version = ''] = id.split('/');
      return [`${version}.${group}`, wantedOf(group, version, priority, BUILT_IN)];
    }),
  );
}

/** Of a version of a group that one of the group's definitions serves; undefined when none does. */
export function customApi(
  group: string,
  version: string,
  definitions: Iterable<CustomResourceDefinition>,
): Wanted | undefined {
  for (const definition of definitions) {
    if (isEstablished(definition) && definition.spec.versions.some(({ name, served }) => served && name === version)) {
      return wantedOf(group, version, CUSTOM_PRIORITY, CUSTOM);
    }
  }
  return undefined;
}

export function planRegistration(name: string, wanted: Wanted | undefined, existing: APIService | undefined): Plan {
  const kind = kinds.apiservices as Kind;
  if (!existing) return wanted ? create(kind, name, wanted) : NOTHING;
  if (existing.metadata.labels?.[AUTO_MANAGED] === undefined)
    return { ...NOTHING, reasons: ['somebody else keeps it'] };
  const { spec } = existing;
  if (spec.service && REPLACEABLE.has(spec.group ?? '')) return { ...NOTHING, reasons: ['a service serves it'] };
  const target = targetOf(kind, existing);
  if (!wanted) return { actions: [{ do: 'delete', target, why: 'nothing of it is served any more' }], reasons: [] };
  if (sameJson(spec, wanted.spec)) return NOTHING;
  const gone = Object.fromEntries(Object.keys(spec).map((field) => [field, null]));
  const patch = { spec: { ...gone, ...wanted.spec } };
  return { actions: [{ do: 'patch', target, patch, why: 'it is served here' }], reasons: [] };
}

function create(kind: Kind, name: string, { spec, label }: Wanted): Plan {
  const object = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name, labels: { [AUTO_MANAGED]: label } },
    spec,
    status: {},
  };
  return { actions: [{ do: 'create', kind, object, why: 'it is served here' }], reasons: [] };
}

function wantedOf(group: string, version: string, priority: Priority, label: string): Wanted {
  const named = group === '' ? { version } : { group, version };
  const spec = { ...named, groupPriorityMinimum: priority.group, versionPriority: priority.version };
  return { spec, label };
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  return status.conditions.some((condition) => condition.type === 'Established' && condition.status === 'True');
}
