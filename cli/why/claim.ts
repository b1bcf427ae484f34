/** What a claim waits for. Pure: what was seen goes in. */
import { hostnamesOf } from '../../api/machinery/persistent-volumes.ts';
import type { Event, PersistentVolume, PersistentVolumeClaim } from '../../api/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import { type Explanation, nothing } from './explanation.ts';

/** A claim that a pod uses, as far as it is there, and the volume that it has. */
export interface UsedClaim {
  readonly name: string;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly volume: PersistentVolume | undefined;
}

export interface ClaimSeen {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
  /** About the claim, newest last. */
  readonly events: readonly Event[];
  /** Names of the pods that use it. */
  readonly users: readonly string[];
  readonly now: Date;
}

/** What the binder and provisioners say of a claim that waits. */
const TELLING = new Set([
  'ProvisioningFailed',
  'FailedBinding',
  'VolumeMismatch',
  'ExternalProvisioning',
  'WaitForFirstConsumer',
]);

export function explainClaim(seen: ClaimSeen): Explanation {
  const { claim, volume, users } = seen;
  const { metadata, spec, status } = claim;
  const name = `pvc/${metadata.name}`;
  if (metadata.deletionTimestamp !== undefined) return ending(seen, name);
  if (status?.phase === 'Lost') {
    return {
      ...nothing,
      headline: `${name} has lost its volume ${spec.volumeName}.`,
      isFine: false,
      help: [`Its data can't be had any more; to begin anew: dure delete pvc ${metadata.name}`],
    };
  }
  if (status?.phase !== 'Bound') return waiting(seen, name);
  const place = volume && placeOf(volume);
  const used = users.length > 0 ? `Pods that use it: ${users.join(', ')}.` : 'No pod uses it.';
  return {
    ...nothing,
    headline: `${name} has the volume ${spec.volumeName}: nothing is wrong with it.`,
    isFine: true,
    facts: [...(place ? [`Its data is on ${place}, and pods that use it can be only there.`] : []), used],
  };
}

/** The hosts that the volume is on; undefined when it can be used anywhere. */
export function placeOf(volume: PersistentVolume): string | undefined {
  return volume.spec.nodeAffinity ? (hostnamesOf(volume)?.join(', ') ?? 'some nodes') : undefined;
}

function waiting({ claim, events, users, now }: ClaimSeen, name: string): Explanation {
  const last = events.findLast(({ reason = '' }) => TELLING.has(reason));
  return {
    ...nothing,
    headline: `${name} waits for a volume, for ${since(claim.metadata.creationTimestamp, now)} now.`,
    isFine: false,
    facts: [
      last?.message ? `Last thing said of it: ${last.message}` : 'Nothing has been said of it yet.',
      ...(users.length > 0 ? [`Pods that use it: ${users.join(', ')}.`] : []),
    ],
    help: helpFor(claim, last, users),
  };
}

function helpFor(
  { metadata, spec }: PersistentVolumeClaim,
  last: Event | undefined,
  users: readonly string[],
): string[] {
  const storageClass = spec.storageClassName ?? '';
  switch (last?.reason) {
    case 'WaitForFirstConsumer':
      return users.length === 0
        ? ['Start a pod that uses it: its volume is made where the pod is to run']
        : users.map((pod) => `See what the pod waits for: dure why pod/${pod} -n ${metadata.namespace}`);
    case 'ExternalProvisioning':
      return [
        `Whoever provisions volumes of the class ${storageClass} must be running: dure describe sc ${storageClass}`,
      ];
    case 'VolumeMismatch':
      return [`Let it ask for what the volume is, or for another one: dure get pv ${spec.volumeName} -o yaml`];
    case 'ProvisioningFailed':
      return last.message?.endsWith(' not found') && storageClass
        ? [`Create the storage class ${storageClass}, or name one that exists: dure get sc`]
        : ['Change what the message names, in the claim or in its class'];
    default:
      return storageClass === ''
        ? ['Create a volume that fits, or let it name a storage class: dure get sc']
        : [`See its class: dure describe sc ${storageClass}`];
  }
}

function ending({ claim, users }: ClaimSeen, name: string): Explanation {
  const finalizers = claim.metadata.finalizers ?? [];
  const isUsed = users.length > 0;
  return {
    ...nothing,
    headline: `${name} is being deleted.`,
    isFine: false,
    facts: isUsed
      ? [`It stays as long as pods use it: ${users.join(', ')}.`]
      : [`These finalizers hold it: ${finalizers.join(', ')}.`],
    help: isUsed ? users.map((pod) => `Delete the pod: dure delete pod ${pod} -n ${claim.metadata.namespace}`) : [],
  };
}

/** One sentence for each claim that keeps a pod from having a node. */
export function claimFacts(used: readonly UsedClaim[]): string[] {
  return used.flatMap(({ name, claim }) => {
    if (!claim) return [`Its claim ${name} is not there.`];
    if (claim.metadata.deletionTimestamp !== undefined) return [`Its claim ${name} is being deleted.`];
    if (claim.status?.phase === 'Lost') return [`Its claim ${name} has lost its volume.`];
    return claim.status?.phase === 'Bound' ? [] : [`Its claim ${name} has no volume yet: dure why pvc/${name}`];
  });
}
