/** What can be done for a pod. Planning returns these; `executor.ts` has one function for each. */
import type { ResourceRequirements } from '../../api/types/core.v1.ts';
import type { Backoff } from './backoff.ts';

export type KillCause =
  | 'podDeleted'
  | 'podUnwanted'
  | 'podFinished'
  | 'sandboxChanged'
  | 'definitionChanged'
  | 'livenessProbe'
  | 'startupProbe'
  | 'resized'
  | 'stateUnknown';

export type Action = { readonly reason: string } & (
  | { readonly type: 'mountVolumes' }
  | { readonly type: 'refreshVolumes' }
  | { readonly type: 'unmountVolumes' }
  | { readonly type: 'removeTraces' }
  | { readonly type: 'runSandbox'; readonly attempt: number }
  | { readonly type: 'stopSandbox'; readonly id: string }
  | { readonly type: 'removeSandbox'; readonly id: string }
  | { readonly type: 'ensureImage'; readonly container: string; readonly image: string; readonly attempt: number }
  | {
      readonly type: 'startContainer';
      readonly container: string;
      readonly attempt: number;
      readonly sandboxId: string;
      /** The crash back-off that counts from this start on; undefined for the first start. */
      readonly backoff: Backoff | undefined;
    }
  | {
      readonly type: 'killContainer';
      readonly id: string;
      readonly container: string;
      readonly cause: KillCause;
      readonly graceSeconds: number;
    }
  | {
      readonly type: 'resizeContainer';
      readonly id: string;
      readonly container: string;
      readonly resources: ResourceRequirements;
    }
  | { readonly type: 'removeContainer'; readonly id: string; readonly container: string }
);

export type ActionType = Action['type'];
export type ActionOf<T extends ActionType> = Extract<Action, { type: T }>;

/** Two actions of one key are never under way together. */
export function actionKey(action: Action): string {
  switch (action.type) {
    case 'mountVolumes':
    case 'refreshVolumes':
    case 'unmountVolumes':
      return 'volumes';
    case 'removeTraces':
      return 'traces';
    case 'runSandbox':
      return 'sandbox';
    case 'stopSandbox':
    case 'removeSandbox':
      return `sandbox:${action.id}`;
    case 'ensureImage':
      return `image:${action.container}`;
    case 'startContainer':
      return `start:${action.container}`;
    case 'killContainer':
    case 'resizeContainer':
    case 'removeContainer':
      return `container:${action.id}`;
  }
}
