/** A moment for planners, and the actions of a plan in few words. */
import type { Action } from '../../../control-plane/controllers/actions.ts';
import type { Moment } from '../../../control-plane/controllers/controller.ts';

export const NOON = new Date('2026-01-01T12:00:00Z');

export function aMoment(now = 100_000, date = NOON): Moment {
  let ids = 0;
  return { now, date, nextId: () => `id${(ids += 1)}` };
}

/** Such as `delete web-1`. */
export function inShort(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    if (action.do === 'create') return `create ${action.object.metadata.name}`;
    if (action.do === 'probe') return `probe ${action.apiService.metadata.name}`;
    return action.do === 'record' ? `record ${action.event.reason}` : `${action.do} ${action.target.name}`;
  });
}
