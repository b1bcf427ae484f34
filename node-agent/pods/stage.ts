/**
 * Where a pod is on its way through this node. It only ever moves forward:
 *
 *     running ──▶ stopping ──▶ ended ──▶ gone
 *
 * - running: its containers are started, watched, restarted.
 * - stopping: it was deleted, is no longer wanted here, or has finished; what still runs is being killed.
 * - ended: nothing of it runs. A finished pod stays here, its last containers kept for their logs.
 * - gone: it was deleted and nothing of it is left on the node.
 */

export const STAGES = ['running', 'stopping', 'ended', 'gone'] as const;
export type Stage = (typeof STAGES)[number];

/** Throws when the move would lead back, or over a stage. */
export function moveStage(from: Stage, to: Stage): Stage {
  const steps = STAGES.indexOf(to) - STAGES.indexOf(from);
  if (steps !== 0 && steps !== 1) throw new Error(`a pod can't go from ${from} to ${to}`);
  return to;
}
