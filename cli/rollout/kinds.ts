/** What can be rolled out, and how each kind goes about it. */
import type { KubeObject } from '../../api/object.ts';
import type { DaemonSet, Deployment, StatefulSet } from '../../api/types/apps.v1.ts';
import type { PodTemplateSpec } from '../../api/types/core.v1.ts';
import { CommandError } from '../errors.ts';
import type { Place } from '../selection.ts';
import type { Session } from '../session.ts';
import { revisionOf } from '../workloads.ts';
import { controllerRevisionsOf, revisionsOfDeployment, type Revision } from './revisions.ts';
import { daemonSetStatus, deploymentStatus, statefulSetStatus, type RolloutStatus } from './status.ts';

/** What the kinds have in common. */
export interface Rollable extends KubeObject {
  readonly spec: { template: PodTemplateSpec; paused?: boolean };
}

export interface RolloutKind {
  readonly statusOf: (object: Rollable) => RolloutStatus;
  /** The oldest first. */
  readonly revisionsOf: (object: Rollable, session: Session) => Promise<Revision[]>;
  /** The number of the revision that it is at, where the object itself says so. */
  readonly numberOf: (object: Rollable) => bigint | undefined;
  readonly noPrevious: (name: string) => string;
}

function rolloutKind<T extends Rollable>(kind: {
  statusOf: (object: T) => RolloutStatus;
  revisionsOf: (object: T, session: Session) => Promise<Revision[]>;
  numberOf?: (object: T) => bigint;
  noPrevious: (name: string) => string;
}): RolloutKind {
  // The table below has each kind's functions under its own name.
  const { statusOf, revisionsOf, numberOf, noPrevious } = kind as unknown as RolloutKind;
  return { statusOf, revisionsOf, numberOf: numberOf ?? (() => undefined), noPrevious };
}

const KINDS: ReadonlyMap<string, RolloutKind> = new Map([
  [
    'Deployment',
    rolloutKind<Deployment>({
      statusOf: deploymentStatus,
      revisionsOf: revisionsOfDeployment,
      numberOf: revisionOf,
      noPrevious: (name) => `no rollout history found for deployment "${name}"`,
    }),
  ],
  [
    'DaemonSet',
    rolloutKind<DaemonSet>({
      statusOf: daemonSetStatus,
      revisionsOf: controllerRevisionsOf,
      noPrevious: () => 'no last revision to roll back to',
    }),
  ],
  [
    'StatefulSet',
    rolloutKind<StatefulSet>({
      statusOf: statefulSetStatus,
      revisionsOf: controllerRevisionsOf,
      noPrevious: () => 'no last revision to roll back to',
    }),
  ],
]);

/** Throws CommandError for a kind that `verb` does not know. */
export function rolloutKindOf({ resource }: Place, verb: string): RolloutKind {
  const kind = resource.group === 'apps' ? KINDS.get(resource.kind) : undefined;
  if (kind) return kind;
  throw new CommandError(`${resource.name}.${resource.group || 'core'} does not support ${verb}`);
}
