/** Creates and starts one container, and runs its postStart hook. What fails is remembered for the plan and told the user. */
import { gracePeriodOf } from '../../api/defaults/pod.ts';
import { objectKey } from '../../api/object.ts';
import type { Container } from '../../api/types/core.v1.ts';
import type { ContainerConfig, Image, SandboxConfig } from '../runtime/port.ts';
import { RuntimeError } from '../runtime/port.ts';
import { VolumeError } from '../volumes/port.ts';
import type { ActionOf } from './action.ts';
import { ContainerConfigError } from './config-error.ts';
import { containerConfigOf } from './container-config.ts';
import { environmentOf } from './environment.ts';
import type { PodContext } from './context.ts';
import { expand } from './expand.ts';
import { runHook } from './hooks.ts';
import { hostsFileOf } from './hosts-file.ts';
import { newestOf } from './observed.ts';
import { emit } from './services.ts';
import { unsupportedInContainer } from './unsupported.ts';

const MAX_HOOK_SECONDS = 3600;
const FIRST_RETRY = 1000;

export async function startContainer(
  context: PodContext,
  container: Container,
  action: ActionOf<'startContainer'>,
  sandbox: SandboxConfig,
): Promise<void> {
  const { services, memory, pod } = context;
  let step = 'CreateContainerConfigError';
  try {
    const problems = unsupportedInContainer(container, services);
    if (problems.length > 0) throw new ContainerConfigError(problems.join('; '));
    const image = imageOf(context, container);
    const config = await configOf(context, container, action.attempt, image);
    if (context.ending.aborted) return;
    const id = await services.starts.runAtOnce(async () => {
      step = 'CreateContainerError';
      const made = await createOrFind(context, action, config, sandbox);
      emit(services, pod, container.name, 'Normal', 'Created', 'Container created');
      step = 'RunContainerError';
      await startOrShow(context, made);
      emit(services, pod, container.name, 'Normal', 'Started', 'Container started');
      return made;
    });
    step = 'PostStartHookError';
    await runPostStart(context, container, id);
    memory.startFailures.delete(container.name);
  } catch (error) {
    noteFailure(context, container, step, error as Error);
  }
}

function imageOf({ memory }: PodContext, container: Container): Image {
  const image = memory.images.get(container.name);
  if (image?.state === 'ready') return image.found;
  throw new ContainerConfigError(`image "${container.image}" is gone`, 'CreateContainerError');
}

async function configOf(
  context: PodContext,
  container: Container,
  attempt: number,
  image: Image,
): Promise<ContainerConfig> {
  const { services, pod } = context;
  const { state, nodeName, nodeCapacity } = services;
  const namespace = pod.metadata.namespace ?? '';
  const environment = environmentOf({
    pod,
    container,
    nodeName,
    nodeCapacity,
    hostIps: services.nodeAddresses(),
    podIps: context.podIps(),
    configMap: (name) => state.configmaps.get(objectKey(namespace, name)),
    secret: (name) => state.secrets.get(objectKey(namespace, name)),
    services: () => state.services.list(),
  });
  const volumes = await services.volumes.mountsFor(pod, container, (text) => expand(text, environment));
  const own = await ownMounts(context, container, attempt, volumes);
  await services.files.makeLogDirectory(
    `${services.logRoot}/${namespace}_${pod.metadata.name}_${context.uid}/${container.name}`,
  );
  const mounts = [...volumes, ...own];
  return containerConfigOf(pod, container, {
    attempt,
    image,
    environment,
    mounts,
    memoryCapacity: nodeCapacity.memoryBytes,
    seccompRoot: services.seccompRoot,
    processesOf: targetOf(context, container),
  });
}

function targetOf({ services, pod, uid }: PodContext, container: Container): string | undefined {
  const all = pod.spec.ephemeralContainers ?? [];
  const target = all.find(({ name }) => name === container.name)?.targetContainerName;
  if (!target) return undefined;
  const found = newestOf(services.cache.podOf(uid), target);
  if (!found) throw new ContainerConfigError(`unable to find target container ${target}`);
  return found.id;
}

/** The hosts file and the file for last words; a volume that is mounted in their place comes first. */
async function ownMounts(
  context: PodContext,
  container: Container,
  attempt: number,
  volumes: ContainerConfig['mounts'],
): Promise<ContainerConfig['mounts']> {
  const { services, pod, uid } = context;
  const isFree = (place: string): boolean => !volumes.some(({ containerPath }) => containerPath === place);
  const mounts: ContainerConfig['mounts'] = [];
  const add = (containerPath: string, hostPath: string | undefined): void => {
    if (hostPath === undefined) return;
    mounts.push({ containerPath, hostPath, readonly: false, propagation: 'None' });
  };
  if (isFree('/etc/hosts')) {
    const hostFile = pod.spec.hostNetwork ? await services.hostHosts() : '';
    const text = hostsFileOf(pod, context.podIps(), services.settings().clusterDomain, hostFile);
    add('/etc/hosts', await services.files.writeHosts(uid, text));
  }
  const place = container.terminationMessagePath ?? '/dev/termination-log';
  if (place !== '' && isFree(place)) add(place, await services.files.prepareLastWords(uid, container.name, attempt));
  return mounts;
}

async function createOrFind(
  { services, uid }: PodContext,
  { container, attempt, sandboxId }: ActionOf<'startContainer'>,
  config: ContainerConfig,
  sandbox: SandboxConfig,
): Promise<string> {
  const { runtime, cache } = services;
  try {
    return await runtime.createContainer(sandboxId, config, sandbox);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'AlreadyExists') throw error;
    // A call that was cut short has made it: take it in, to be removed and made anew.
    const all = await runtime.listContainers();
    const isIt = (found: { sandboxId: string; name: string; attempt: number }): boolean =>
      found.sandboxId === sandboxId && found.name === container && found.attempt === attempt;
    const found = all.find(isIt);
    if (found && !cache.podOf(uid).containers.some(({ id }) => id === found.id)) await cache.refreshContainer(found.id);
    throw error;
  }
}

/** The cache shows the container whether or not it could be started. */
async function startOrShow({ services }: PodContext, id: string): Promise<void> {
  try {
    await services.runtime.startContainer(id);
  } finally {
    await services.cache.refreshContainer(id);
  }
}

async function runPostStart(context: PodContext, container: Container, id: string): Promise<void> {
  const { services, pod } = context;
  const hook = container.lifecycle?.postStart;
  if (!hook) return;
  const target = { pod, container, containerId: id, ip: context.podIps()[0] ?? '' };
  try {
    await runHook(services, target, hook, MAX_HOOK_SECONDS, context.ending);
  } catch (error) {
    if (context.ending.aborted) return;
    emit(services, pod, container.name, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
    emit(services, pod, container.name, 'Normal', 'Killing', 'FailedPostStartHook');
    await services.runtime.stopContainer(id, gracePeriodOf(pod.spec));
    throw error;
  }
}

function noteFailure(
  { services, memory, pod, uid }: PodContext,
  container: Container,
  step: string,
  error: Error,
): void {
  const { clock, cache, limits } = services;
  const reason =
    error instanceof ContainerConfigError
      ? error.reason
      : error instanceof VolumeError
        ? 'CreateContainerConfigError'
        : step;
  const { message } = error;
  // The image may have been removed since it was found: then it has to be looked for again.
  if (reason === 'CreateContainerError') memory.images.delete(container.name);
  emit(services, pod, container.name, 'Warning', 'Failed', `Error: ${message}`);
  const now = clock.date().getTime();
  const count = (memory.startFailures.get(container.name)?.count ?? 0) + 1;
  // A container that came as far as to end is held back by the crash back-off instead.
  const last = cache.podOf(uid).containers.find(({ name }) => name === container.name);
  const hasEnded = ['RunContainerError', 'PostStartHookError'].includes(step) && last?.state === 'exited';
  const delay = hasEnded ? 0 : Math.min(FIRST_RETRY * 2 ** Math.min(count - 1, 20), limits.maximum);
  memory.startFailures.set(container.name, { count, message, reason, retryAt: now + delay });
}
