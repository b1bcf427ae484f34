/** The pod templates that a workload has had, with what they were changed for. */
import type { ControllerRevision, DaemonSet, Deployment, StatefulSet } from '../../api/types/apps.v1.ts';
import type { PodTemplateSpec } from '../../api/types/core.v1.ts';
import { selectorText } from '../pods.ts';
import type { Session } from '../session.ts';
import { CHANGE_CAUSE, replicaSetsOf, revisionOf, TEMPLATE_HASH } from '../workloads.ts';

export interface Revision {
  readonly number: bigint;
  /** '' when nobody said. */
  readonly cause: string;
  readonly template: PodTemplateSpec;
}

/** Of its replica sets, the oldest first. */
export async function revisionsOfDeployment(deployment: Deployment, session: Session): Promise<Revision[]> {
  const sets = await replicaSetsOf(deployment, session);
  return sets.map((set) => ({
    number: revisionOf(set),
    cause: set.metadata.annotations?.[CHANGE_CAUSE] ?? '',
    template: withoutHash(set.spec.template ?? NO_TEMPLATE),
  }));
}

const NO_TEMPLATE: PodTemplateSpec = { metadata: {}, spec: { containers: [] } };

function withoutHash({ metadata, ...rest }: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH]: _hash, ...labels } = metadata?.labels ?? {};
  return { ...rest, metadata: { ...metadata, labels } };
}

/** Its controller revisions that hold a template, the oldest first. */
export async function controllerRevisionsOf(owner: DaemonSet | StatefulSet, session: Session): Promise<Revision[]> {
  const { namespace = '', uid } = owner.metadata;
  const { items } = await (
    await session.client()
  ).list<ControllerRevision>(`/apis/apps/v1/namespaces/${namespace}/controllerrevisions`, {
    query: { labelSelector: selectorText(owner.spec.selector) },
  });
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some((each) => each.controller && each.uid === uid))
    .toSorted((a, b) => a.revision - b.revision)
    .flatMap(({ metadata, data, revision }) => {
      const template = templateIn(data);
      const cause = metadata.annotations?.[CHANGE_CAUSE] ?? '';
      return template ? [{ number: BigInt(revision), cause, template }] : [];
    });
}

/** The patch that a revision holds puts the template back as a whole. */
function templateIn(data: ControllerRevision['data']): PodTemplateSpec | undefined {
  const spec = data?.['spec'] as { template?: PodTemplateSpec & { $patch?: string } } | undefined;
  if (!spec?.template) return undefined;
  const { $patch: _patch, ...template } = spec.template;
  return template;
}
