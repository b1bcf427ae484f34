/** Why a deployment is not where it should be: its own conditions, then its pods, those with the same trouble together. */
import type { Deployment, ReplicaSet } from '../../api/types/apps.v1.ts';
import type { Event, Pod } from '../../api/types/core.v1.ts';
import type { Explanation } from './explanation.ts';
import { nothing } from './explanation.ts';
import { explainRefused } from './refused.ts';

export interface DeploymentSeen {
  readonly deployment: Deployment;
  readonly sets: readonly ReplicaSet[];
  readonly pods: readonly { readonly pod: Pod; readonly why: Explanation }[];
  /** About the deployment and its replica sets, newest last. */
  readonly events: readonly Event[];
}

export function explainDeployment(seen: DeploymentSeen): Explanation {
  const { deployment, pods } = seen;
  const { metadata, spec, status } = deployment;
  const name = `deployment/${metadata.name}`;
  const wanted = spec.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  const own = ownTrouble(seen, name);
  if (own) return own;
  const troubled = pods.filter(({ why }) => !why.isFine);
  const isDone = updatedReplicas >= wanted && availableReplicas >= wanted && troubled.length === 0;
  if (isDone)
    return {
      ...nothing,
      headline: `${name} has its ${wanted} pods running and ready: nothing is wrong with it.`,
      isFine: true,
    };
  const counted = `${availableReplicas} of ${wanted} pods are available, ${updatedReplicas} of them are of the newest version`;
  const worst = worstGroup(troubled);
  return {
    headline: `${name} is not done: ${counted}.`,
    isFine: false,
    facts: [
      ...progressFacts(deployment),
      ...(troubled.length === 0 && pods.length < wanted
        ? [`${wanted - pods.length} pod(s) have not been created yet.`]
        : []),
      ...(worst
        ? [
            `${worst.members.length === 1 ? 'This pod holds it up' : `${worst.members.length} pods like this one hold it up`}: ${worst.why.headline}`,
            ...worst.why.facts,
          ]
        : []),
    ],
    nodes: worst?.why.nodes ?? [],
    help: [...(worst?.why.help ?? []), ...otherPods(troubled, worst?.members ?? [])],
  };
}

function progressFacts({ status }: Deployment): string[] {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.reason === 'ProgressDeadlineExceeded'
    ? [`The rollout has made no progress in time: ${progressing.message ?? ''}`]
    : [];
}

/** What keeps pods from being made at all. */
function ownTrouble({ deployment, sets, events }: DeploymentSeen, name: string): Explanation | undefined {
  const { metadata, spec, status } = deployment;
  const failure = [deployment, ...sets]
    .flatMap(({ status: each }) => each?.conditions ?? [])
    .find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True');
  if (failure) {
    return explainRefused({ name, namespace: metadata.namespace ?? '', message: failure.message ?? '', events });
  }
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    return {
      ...nothing,
      headline: `${name} was changed, and no controller has seen it yet.`,
      isFine: false,
      help: ['Is a server leading? dure get --raw /readyz?verbose'],
    };
  }
  if (spec.paused) {
    return {
      ...nothing,
      headline: `${name} is paused: changes are not rolled out.`,
      isFine: false,
      help: [`dure rollout resume deployment/${metadata.name}`],
    };
  }
  if (spec.replicas === 0) {
    return {
      ...nothing,
      headline: `${name} is scaled to 0: it should have no pods.`,
      isFine: true,
      help: [`dure scale deployment/${metadata.name} --replicas=1`],
    };
  }
  return undefined;
}

type Troubled = DeploymentSeen['pods'][number];

/** Pods whose trouble is the same but for their names; the largest group first. */
function worstGroup(troubled: readonly Troubled[]): { why: Explanation; members: readonly Troubled[] } | undefined {
  const groups = Map.groupBy(troubled, ({ pod, why }) => {
    const name = pod.metadata.name ?? '';
    return why.headline.replaceAll(name, '').replace(/for \S+ now/, '');
  });
  const largest = [...groups.values()].toSorted((a, b) => b.length - a.length)[0];
  return largest?.[0] && { why: largest[0].why, members: largest };
}

function otherPods(troubled: readonly Troubled[], told: readonly Troubled[]): string[] {
  const rest = troubled.filter((each) => !told.includes(each)).map(({ pod }) => pod.metadata.name ?? '');
  return rest.length === 0
    ? []
    : [
        `Others have other trouble: dure why pod ${rest[0]}${rest.length > 1 ? ` (and ${rest.slice(1).join(', ')})` : ''}`,
      ];
}
