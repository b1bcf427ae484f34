/**
 * What a pod may ask for that this agent can't do. Such a pod is not started halfway: it waits, and its status and events
 * say for what. Volumes are judged by the volumes themselves. Ephemeral containers are added to a pod that runs, and what
 * can't be done with them must not hold the others up.
 */
import type { Container, Pod, PodSecurityContext, SecurityContext } from '../../api/types/core.v1.ts';

/** What of the node decides. */
export interface NodeAbilities {
  readonly hasAppArmor: boolean;
}

export function unsupportedIn(pod: Pod, abilities: NodeAbilities): string[] {
  const found: string[] = [];
  const { securityContext: context, os, resourceClaims } = pod.spec;
  if (os?.name !== undefined && os.name !== 'linux') found.push(`pods for ${os.name} can't run on a Linux node`);
  if (resourceClaims?.length) found.push('resource claims are not supported');
  if (context?.supplementalGroupsPolicy === 'Strict') found.push('supplementalGroupsPolicy Strict is not supported');
  found.push(...profiles(context ?? {}, abilities));
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    found.push(...unsupportedInContainer(container, abilities));
  }
  return found;
}

export function unsupportedInContainer(container: Container, abilities: NodeAbilities): string[] {
  const found: string[] = [];
  const where = `container ${container.name}`;
  const { securityContext, lifecycle } = container;
  if (container.volumeDevices?.length) found.push(`${where}: block devices are not supported`);
  if (lifecycle?.stopSignal) found.push(`${where}: stop signals other than the image's are not supported`);
  if ((securityContext?.procMount ?? 'Default') !== 'Default')
    found.push(`${where}: procMount Unmasked is not supported`);
  found.push(...profiles(securityContext ?? {}, abilities));
  for (const { recursiveReadOnly } of container.volumeMounts ?? []) {
    if (recursiveReadOnly === 'Enabled') found.push(`${where}: recursive read-only mounts are not supported`);
  }
  return found;
}

function profiles({ appArmorProfile }: PodSecurityContext & SecurityContext, { hasAppArmor }: NodeAbilities): string[] {
  if (!appArmorProfile || appArmorProfile.type === 'Unconfined' || hasAppArmor) return [];
  return ['Cannot enforce AppArmor: AppArmor is not enabled on the host'];
}
