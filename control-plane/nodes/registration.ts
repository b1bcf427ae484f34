/** The Node object as its agent describes it: made at the first hello, brought up to date at each later one. */
import { isStatusError } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import type { Node, NodeCondition, NodeStatus } from '../../api/types/core.v1.ts';
import { isExtendedResource } from '../../api/validation/resource-names.ts';
import type { Registry } from '../registry/port.ts';

/** Stores what the agent says; what users and controllers wrote (labels of their own, taints, cordon) stays. */
export async function registerNode(registry: Registry, described: Node): Promise<Node> {
  const nodes = registry.resource(kinds.nodes);
  const name = described.metadata.name ?? '';
  try {
    await nodes.create({ ...described, status: {} as NodeStatus });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    await nodes.mutate('', name, (node) => withLabels(node, described));
  }
  return writeNodeStatus(registry, name, described.status);
}

export function writeNodeStatus(
  registry: Registry,
  name: string,
  status: NodeStatus,
  signal?: AbortSignal,
): Promise<Node> {
  const change = (node: Node): Node | undefined =>
    signal?.aborted ? undefined : { ...node, status: mergeNodeStatus(node.status, status) };
  return registry.resource(kinds.nodes).mutate('', name, change, { subresource: 'status' });
}

function withLabels(node: Node, described: Node): Node {
  const labels = { ...node.metadata.labels, ...described.metadata.labels };
  const annotations = { ...node.metadata.annotations, ...described.metadata.annotations };
  return { ...node, metadata: { ...node.metadata, labels, annotations } };
}

/**
 * The agent's word stands, but a condition that did not change keeps the time of its last transition. Resources that the
 * agent does not know are somebody else's: what of them is in the capacity can be allocated.
 */
export function mergeNodeStatus(before: NodeStatus, reported: NodeStatus): NodeStatus {
  const old = new Map((before.conditions ?? []).map((condition) => [condition.type, condition]));
  const conditions = (reported.conditions ?? []).map((condition) => mergeCondition(old.get(condition.type), condition));
  const reportedTypes = new Set(conditions.map(({ type }) => type));
  const foreign = (before.conditions ?? []).filter(({ type }) => !reportedTypes.has(type));
  const { capacity, allocatable } = reported;
  const extended = extendedResources(before.capacity);
  return {
    ...before,
    ...reported,
    ...(capacity && { capacity: { ...extended, ...capacity } }),
    ...(allocatable && { allocatable: { ...extended, ...allocatable } }),
    conditions: [...conditions, ...foreign],
  };
}

function extendedResources(list: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(list).filter(([name]) => isExtendedResource(name)));
}

function mergeCondition(before: NodeCondition | undefined, now: NodeCondition): NodeCondition {
  if (before?.status !== now.status || !before.lastTransitionTime) return now;
  return { ...now, lastTransitionTime: before.lastTransitionTime };
}
