/** Defaults of flowcontrol.apiserver.k8s.io. */
import type { FlowSchema, PriorityLevelConfiguration } from '../types/flowcontrol.v1.ts';

const PRECEDENCE = 1000;
const SHARES = 30;
const QUEUES = 64;
const HAND_SIZE = 8;
const QUEUE_LENGTH = 50;

export function defaultFlowSchema(schema: FlowSchema): void {
  schema.spec ??= {} as FlowSchema['spec'];
  schema.spec.priorityLevelConfiguration ??= { name: '' };
  schema.spec.matchingPrecedence ||= PRECEDENCE;
  schema.status ??= {};
  for (const { resourceRules } of schema.spec.rules ?? []) {
    // What is false is left out, as Kubernetes leaves it out.
    for (const rule of resourceRules ?? []) if (rule.clusterScope === false) delete rule.clusterScope;
  }
}

export function defaultPriorityLevel(level: PriorityLevelConfiguration): void {
  level.spec ??= { type: '' };
  level.status ??= {};
  const { exempt, limited } = level.spec;
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= SHARES;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.queues ||= QUEUES;
  queuing.handSize ||= HAND_SIZE;
  queuing.queueLengthLimit ||= QUEUE_LENGTH;
}
