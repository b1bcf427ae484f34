/** From security contexts to what the runtime is told; and what is asked for but can't be given here. */
import type { Container, Pod } from '../../api/schema/types/core.v1.ts';
import type { ContainerSecurity, Image } from '../runtime/port.ts';
import { ContainerConfigError } from './config-error.ts';

/** Throws {@link ContainerConfigError} when the container must not run as root but would. */
export function securityOf(pod: Pod, container: Container, image: Pick<Image, 'user'>): ContainerSecurity {
  const ofPod = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? ofPod.runAsUser;
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup;
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) refuseRoot(pod, container, runAsUser, image.user);
  const groups = [...(ofPod.supplementalGroups ?? []), ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup])];
  const addsAdmin =
    own.capabilities?.add?.some((name) => ['SYS_ADMIN', 'CAP_SYS_ADMIN', 'ALL'].includes(name)) ?? false;
  return {
    privileged: own.privileged ?? false,
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    supplementalGroups: [...new Set(groups)],
    noNewPrivileges: own.allowPrivilegeEscalation === false && !own.privileged && !addsAdmin,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    seccomp: (own.seccompProfile ?? ofPod.seccompProfile)?.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined',
  };
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
