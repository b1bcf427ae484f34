import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../api/types/apps.v1.ts';
import type { CronJob, Job } from '../../api/types/batch.v1.ts';
import { claimsOf } from '../../api/machinery/pod-claims.ts';
import type { PersistentVolumeClaim, Pod, Service } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import { defineCommand } from '../command.ts';
import { collectionPath } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { eventsOf } from '../describe/common.ts';
import { isNotFound } from '../get/tables.ts';
import { isReady, podsWith, selectorText } from '../pods.ts';
import type { Session } from '../session.ts';
import { parseOne, pathOf, type ObjectTarget } from '../targets.ts';
import { explainClaim } from '../why/claim.ts';
import { explainCronJob } from '../why/cronjob.ts';
import { explainDeployment } from '../why/deployment.ts';
import type { Explanation } from '../why/explanation.ts';
import { explainJob } from '../why/job.ts';
import { explainOwner } from '../why/owner.ts';
import { lastLinesOf } from '../why/last-lines.ts';
import { explainPod } from '../why/pod.ts';
import { explainService, selectedPods } from '../why/service.ts';
import { Surroundings } from '../why/surroundings.ts';
import { explanationText } from '../why/say.ts';
import { replicaSetsOf } from '../workloads.ts';

export const command = defineCommand({
  summary: 'Say in plain words why a pod, workload, service or claim is not ready, and what would help',
  usage: '[POD | DEPLOYMENT | TYPE NAME | TYPE/NAME]',
  examples: ['dure why hello-7d9c-x2x4q', 'dure why deployment/hello', 'dure why service/hello', 'dure why'],
  async run({ args, session }) {
    if (args.length === 0) return explainAll(session);
    const found = await targetOf(args, session);
    const why = await explain(found, session);
    session.write(explanationText(why, session.world));
  },
});

/** A bare name is a pod's, or else a deployment's. */
async function targetOf(args: readonly string[], session: Session): Promise<ObjectTarget> {
  const target = await parseOne(args, session, 'pods');
  if (args.length > 1 || args[0]?.includes('/')) return target;
  const client = await session.client();
  try {
    await client.get(pathOf(target));
    return target;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const deployment = await parseOne(args, session, 'deployments.apps');
    const isThere = await client.get(pathOf(deployment)).then(
      () => true,
      () => false,
    );
    // What was asked for is most likely a pod.
    if (!isThere) throw error;
    return deployment;
  }
}

type Explained =
  | Pod
  | Service
  | PersistentVolumeClaim
  | Deployment
  | ReplicaSet
  | StatefulSet
  | DaemonSet
  | Job
  | CronJob;

async function explain(target: ObjectTarget, session: Session): Promise<Explanation> {
  const object = await (await session.client()).get<Explained>(pathOf(target));
  const { resource } = target;
  const named = {
    ...object,
    apiVersion: resource.group === '' ? 'v1' : `${resource.group}/${resource.version}`,
    kind: resource.kind,
  };
  switch (resource.kind) {
    case 'Pod':
      return explainPodNow(named as Pod, session, new Surroundings(session));
    case 'Deployment':
      return explainDeploymentNow(named as Deployment, session);
    case 'ReplicaSet':
      return explainSet(named as ReplicaSet, session);
    case 'StatefulSet':
      return explainOwnerNow(named as StatefulSet, (named as StatefulSet).spec.replicas ?? 1, session);
    case 'DaemonSet':
      return explainOwnerNow(named as DaemonSet, (named as DaemonSet).status?.desiredNumberScheduled ?? 0, session);
    case 'Job':
      return explainJobNow(named as Job, session);
    case 'CronJob': {
      const { cronJobSeen } = await import('../why/see-cronjob.ts');
      return explainCronJob(await cronJobSeen(named as CronJob, (job) => explainJobNow(job, session), session));
    }
    case 'Service':
      return explainServiceNow(named as Service, session);
    case 'PersistentVolumeClaim':
      return explainClaimNow(named as PersistentVolumeClaim, session);
    default:
      throw new CommandError(`why explains pods, what makes them, services and claims, not ${resource.name}`);
  }
}

async function explainPodNow(pod: Pod, session: Session, around: Surroundings): Promise<Explanation> {
  const isPlaced = Boolean(pod.spec.nodeName);
  const [events, nodes, others, namespaces, claims, lastLines] = await Promise.all([
    eventsOf({ ...pod, kind: 'Pod' }, session),
    around.nodes(),
    isPlaced ? [] : around.placed(),
    isPlaced ? new Map() : around.namespaces(),
    isPlaced ? [] : around.claimsOf(pod),
    lastLinesOf(pod, session),
  ]);
  return explainPod({ pod, events, nodes, others, namespaces, claims, lastLines, now: session.world.clock.date() });
}

async function explainDeploymentNow(deployment: Deployment, session: Session): Promise<Explanation> {
  const sets = await replicaSetsOf(deployment, session);
  const owners = new Set(sets.map(({ metadata }) => metadata.uid));
  const all = await podsWith(selectorText(deployment.spec.selector), deployment.metadata.namespace, session);
  const own = all.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => owners.has(uid)));
  const living = own.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const events = await Promise.all([deployment, ...sets.slice(-1)].map((object) => eventsOf(object, session)));
  const around = new Surroundings(session);
  return explainDeployment({
    deployment,
    sets,
    pods: await Promise.all(living.map(async (pod) => ({ pod, why: await explainPodNow(pod, session, around) }))),
    events: events.flat(),
  });
}

/** Of a replica set the deployment is what users think in. */
async function explainSet(set: ReplicaSet, session: Session): Promise<Explanation> {
  const owner = set.metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === 'Deployment');
  if (!owner) return explainOwnerNow(set, set.spec.replicas ?? 1, session);
  const path = `/apis/apps/v1/namespaces/${set.metadata.namespace}/deployments/${owner.name}`;
  return explainDeploymentNow(await (await session.client()).get<Deployment>(path), session);
}

/** `wanted` is how many pods it should have now. */
async function explainOwnerNow(
  owner: ReplicaSet | StatefulSet | DaemonSet,
  wanted: number,
  session: Session,
): Promise<Explanation> {
  const { metadata, spec, status, kind = '' } = owner;
  const all = await podsWith(selectorText(spec?.selector), metadata.namespace, session);
  const own = all.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid),
  );
  const around = new Surroundings(session);
  const failure = status?.conditions?.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True');
  return explainOwner({
    name: `${kind.toLowerCase()}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    wanted,
    failure: failure?.message ?? '',
    pods: await Promise.all(own.map((pod) => explainPodNow(pod, session, around))),
    events: await eventsOf(owner, session),
  });
}

async function explainClaimNow(claim: PersistentVolumeClaim, session: Session): Promise<Explanation> {
  const { name = '', namespace } = claim.metadata;
  const [events, volume, pods] = await Promise.all([
    eventsOf(claim, session),
    new Surroundings(session).volumeOf(claim),
    podsWith('', namespace, session),
  ]);
  const users = pods.filter((pod) => claimsOf(pod).includes(name)).map(({ metadata }) => metadata.name ?? '');
  return explainClaim({ claim, volume, events, users, now: session.world.clock.date() });
}

async function explainServiceNow(service: Service, session: Session): Promise<Explanation> {
  const { name, namespace } = service.metadata;
  const client = await session.client();
  const [{ items: slices }, pods] = await Promise.all([
    client.list<EndpointSlice>(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      query: { labelSelector: `kubernetes.io/service-name=${name}` },
    }),
    podsWith('', namespace, session),
  ]);
  const around = new Surroundings(session);
  const waiting = selectedPods(service, pods).filter((pod) => !isReady(pod));
  const whys = await Promise.all(waiting.map((pod) => explainPodNow(pod, session, around)));
  return explainService({ service, slices, pods, whys });
}

/** Of pods that have ended, the latest that failed tells most. */
async function explainJobNow(job: Job, session: Session): Promise<Explanation> {
  const all = await podsWith(selectorText(job.spec.selector), job.metadata.namespace, session);
  const own = all.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
  const failed = own.filter(({ status }) => status.phase === 'Failed');
  const age = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  const latest = failed.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)).slice(-1);
  const living = own.filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed');
  const around = new Surroundings(session);
  return explainJob({
    job,
    pods: await Promise.all(
      [...living, ...latest].map(async (pod) => ({ pod, why: await explainPodNow(pod, session, around) })),
    ),
    events: await eventsOf(job, session),
    now: session.world.clock.date(),
  });
}

/** Every pod of the namespace that is not fine. */
async function explainAll(session: Session): Promise<void> {
  const namespace = await session.namespace();
  const pods = await (await session.discovery()).find('pods');
  const { items } = await (await session.client()).list<Pod>(collectionPath(pods, namespace));
  const around = new Surroundings(session);
  const whys = await Promise.all(items.map((pod) => explainPodNow(pod, session, around)));
  const bad = whys.filter(({ isFine }) => !isFine);
  if (bad.length === 0) return session.print(`All ${items.length} pods in namespace ${namespace} are fine.`);
  session.write(bad.map((why) => explanationText(why, session.world)).join('\n'));
}
