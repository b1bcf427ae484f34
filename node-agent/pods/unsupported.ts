/**
 * What a pod may ask for that this agent can't do. Such a pod is not started halfway: it waits, and its status and events
 * say for what. Volumes are judged by the volumes themselves. Ephemeral containers are added to a pod that runs, and what
 * can't be done with them must not hold the others up.
 */
import type { Container, Pod } from '../../api/schema/types/core.v1.ts';

export function unsupportedIn(pod: Pod): string[] {
  const found: string[] = [];
  const { securityContext: context, os, hostUsers, resourceClaims } = pod.spec;
  if (os?.name !== undefined && os.name !== 'linux') found.push(`pods for ${os.name} can't run on a Linux node`);
  if (hostUsers === false) found.push('user namespaces (hostUsers: false) are not supported');
  if (resourceClaims?.length) found.push('resource claims are not supported');
  if (context?.supplementalGroupsPolicy === 'Strict') found.push('supplementalGroupsPolicy Strict is not supported');
  if (context?.seLinuxOptions) found.push('SELinux options are not supported');
  found.push(...profiles('the pod', context ?? {}));
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    found.push(...unsupportedInContainer(container));
  }
  return found;
}

export function unsupportedInContainer(container: Container): string[] {
  const found: string[] = [];
  const where = `container ${container.name}`;
  const { startupProbe, livenessProbe, readinessProbe, securityContext, lifecycle } = container;
  for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
    if (probe?.grpc) found.push(`${where}: gRPC probes are not supported`);
  }
  if (container.volumeDevices?.length) found.push(`${where}: block devices are not supported`);
  if (lifecycle?.stopSignal) found.push(`${where}: stop signals other than the image's are not supported`);
  if (lifecycle?.postStart?.tcpSocket ?? lifecycle?.preStop?.tcpSocket)
    found.push(`${where}: TCP hooks are not supported`);
  if (securityContext?.seLinuxOptions) found.push(`${where}: SELinux options are not supported`);
  if ((securityContext?.procMount ?? 'Default') !== 'Default')
    found.push(`${where}: procMount Unmasked is not supported`);
  found.push(...profiles(where, securityContext ?? {}));
  for (const { recursiveReadOnly } of container.volumeMounts ?? []) {
    if (recursiveReadOnly === 'Enabled') found.push(`${where}: recursive read-only mounts are not supported`);
  }
  return found;
}

/** Profiles of the node's own files can't be loaded; the runtime's default is what it applies by itself. */
function profiles(
  where: string,
  context: { seccompProfile?: { type: string }; appArmorProfile?: { type: string } },
): string[] {
  const found: string[] = [];
  if (context.seccompProfile?.type === 'Localhost')
    found.push(`${where}: seccomp profiles of the node are not supported`);
  if (context.appArmorProfile?.type === 'Localhost')
    found.push(`${where}: AppArmor profiles of the node are not supported`);
  return found;
}
