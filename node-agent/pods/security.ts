/** From security contexts to what the runtime is told; and what is asked for but can't be given here. */
import path from 'node:path';
import type { AppArmorProfile, Container, Pod, SeccompProfile } from '../../api/types/core.v1.ts';
import type { Confinement, ContainerSecurity, Image, SandboxSecurity } from '../runtime/port.ts';
import { ContainerConfigError } from './config-error.ts';
import { allContainers } from './container-kind.ts';

/** What holds for the pod's own process, and bounds its containers: a privileged one runs in a privileged pod only. */
export function sandboxSecurityOf(pod: Pod): SandboxSecurity {
  const { runAsUser, runAsGroup, seLinuxOptions } = pod.spec.securityContext ?? {};
  return {
    privileged: allContainers(pod).some(({ securityContext }) => securityContext?.privileged),
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    supplementalGroups: groupsOf(pod),
    ...(seLinuxOptions && { selinux: seLinuxOptions }),
  };
}

function groupsOf({ spec }: Pod): number[] {
  const { supplementalGroups = [], fsGroup } = spec.securityContext ?? {};
  return [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])];
}

/**
 * `seccompRoot` is where the node's own profiles are. Throws {@link ContainerConfigError} when the container must not run
 * as root but would.
 */
export function securityOf(
  pod: Pod,
  container: Container,
  image: Pick<Image, 'user'>,
  seccompRoot: string,
): ContainerSecurity {
  const ofPod = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? ofPod.runAsUser;
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup;
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) refuseRoot(pod, container, runAsUser, image.user);
  const selinux = own.seLinuxOptions ?? ofPod.seLinuxOptions;
  const apparmor = own.appArmorProfile ?? ofPod.appArmorProfile;
  const addsAdmin =
    own.capabilities?.add?.some((name) => ['SYS_ADMIN', 'CAP_SYS_ADMIN', 'ALL'].includes(name)) ?? false;
  return {
    privileged: own.privileged ?? false,
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    supplementalGroups: groupsOf(pod),
    noNewPrivileges: own.allowPrivilegeEscalation === false && !own.privileged && !addsAdmin,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    seccomp: seccompOf(own.seccompProfile ?? ofPod.seccompProfile, seccompRoot),
    ...(apparmor && { apparmor: apparmorOf(apparmor) }),
    ...(selinux && { selinux }),
  };
}

function seccompOf(profile: SeccompProfile | undefined, root: string): Confinement {
  if (profile?.type === 'Localhost')
    return { profile: path.join(root, path.join('/', profile.localhostProfile ?? '')) };
  return profile?.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined';
}

function apparmorOf({ type, localhostProfile = '' }: AppArmorProfile): Confinement {
  if (type === 'Localhost') return { profile: localhostProfile };
  return type === 'Unconfined' ? 'Unconfined' : 'RuntimeDefault';
}

function refuseRoot(pod: Pod, container: Container, runAsUser: number | undefined, imageUser: string): void {
  const { name, namespace, uid } = pod.metadata;
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  if (runAsUser === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (runAsUser !== undefined) return;
  const user = imageUser.split(':', 1)[0] ?? '';
  if (user === '' || user === '0' || user === 'root') {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
  if (!/^\d+$/.test(user)) {
    const message = `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root ${where}`;
    throw new ContainerConfigError(message);
  }
}
