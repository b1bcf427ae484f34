/** A controller revision: a workload's pod template as it was, kept as the patch that brings it back. */
import { apiVersionOf, kinds, type Kind } from '../../../api/kinds.ts';
import { sameJson, sortKeys } from '../../../api/machinery/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { ControllerRevision } from '../../../api/types/apps.v1.ts';
import type { PodTemplateSpec } from '../../../api/types/core.v1.ts';
import type { LabelSelector } from '../../../api/types/meta.v1.ts';
import { ownerReferenceTo } from '../actions.ts';
import { templateHash } from '../template-hash.ts';

/** What of a workload's name a revision's name holds, so that there is room for the hash. */
const MAX_PREFIX = 223;

/** What stateful sets and daemon sets have in common for their history. */
export interface Workload extends KubeObject {
  readonly spec: { selector?: LabelSelector; template: PodTemplateSpec; revisionHistoryLimit?: number };
  readonly status?: { collisionCount?: number };
}

export interface RevisionOwner {
  readonly kind: Kind;
  readonly object: Workload;
  /** The label on a revision that holds its hash. */
  readonly hashLabel: string;
}

/** A strategic merge patch that puts the template back as a whole. */
export function dataOf(template: PodTemplateSpec): Record<string, unknown> {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

/** The template that a revision brings back; undefined when it holds something else, as one made by hand may. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  const spec = data?.['spec'] as { template?: PodTemplateSpec & { $patch?: string } } | undefined;
  if (spec?.template?.$patch !== 'replace' || !spec.template.spec) return undefined;
  const { $patch: _patch, ...template } = spec.template;
  return template;
}

export function isRevisionOf(revision: ControllerRevision, template: PodTemplateSpec): boolean {
  return sameJson(revision.data, dataOf(template));
}

/** A new revision of the workload's template as it is now. */
export function makeRevision({ kind, object, hashLabel }: RevisionOwner, revision: number): ControllerRevision {
  const { name = '', namespace, annotations } = object.metadata;
  const { template } = object.spec;
  const hash = templateHash(template, object.status?.collisionCount ?? 0);
  return {
    apiVersion: apiVersionOf(kinds.controllerrevisions),
    kind: kinds.controllerrevisions.kind,
    metadata: {
      name: `${name.slice(0, MAX_PREFIX)}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [ownerReferenceTo(kind, object)],
    },
    // Clients compare it byte by byte with what they make of the workload.
    data: sortKeys(dataOf(template)),
    revision,
  };
}

/** Oldest first; what was made at the same time goes by its name. */
export function inOrder(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  const age = ({ metadata }: ControllerRevision): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return revisions.toSorted((a, b) => a.revision - b.revision || (age(a) < age(b) ? -1 : 1));
}
