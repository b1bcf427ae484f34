/** The flow control that no cluster can do without: its specs are fixed, so that the API can always be reached and kept. */
import type { FlowSchemaSpec, PriorityLevelConfigurationSpec, Subject } from '../../types/flowcontrol.v1.ts';

const EVERYTHING = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};

export function groupSubject(name: string): Subject {
  return { kind: 'Group', group: { name } };
}

export const EVERYBODY: readonly Subject[] = [
  groupSubject('system:unauthenticated'),
  groupSubject('system:authenticated'),
];

/** A schema that leads all requests of some subjects to a level. */
export function schemaOfAll(
  level: string,
  matchingPrecedence: number,
  type: 'ByUser' | 'ByNamespace' | undefined,
  subjects: readonly Subject[],
): FlowSchemaSpec {
  return {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(type && { distinguisherMethod: { type } }),
    rules: [{ subjects: [...subjects], ...EVERYTHING }],
  };
}

export const MANDATORY_FLOW_SCHEMAS: ReadonlyMap<string, FlowSchemaSpec> = new Map([
  ['exempt', schemaOfAll('exempt', 1, undefined, [groupSubject('system:masters')])],
  ['catch-all', schemaOfAll('catch-all', 10_000, 'ByUser', EVERYBODY)],
]);

export const EXEMPT_LEVEL: PriorityLevelConfigurationSpec = {
  type: 'Exempt',
  exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 },
};

export const CATCH_ALL_LEVEL: PriorityLevelConfigurationSpec = {
  type: 'Limited',
  limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
};
