import type { Node } from '../../api/types/core.v1.ts';

/** Whether the node runs pods now. */
export function isReadyNode(node: Node | undefined): boolean {
  return node?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
