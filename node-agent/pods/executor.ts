/** Carries out actions: one function for each, in a table that does not compile when one is missing. */
import type { Container, Pod } from '../../api/types/core.v1.ts';
import { RuntimeError } from '../runtime/port.ts';
import type { Action, ActionOf, ActionType, KillCause } from './action.ts';
import { nextBackoff } from './backoff.ts';
import { allContainers } from './container-kind.ts';
import { untilUnserved } from './drain.ts';
import { runHook } from './hooks.ts';
import { ImageError } from './images.ts';
import type { PodContext } from './context.ts';
import { pullSecretsOf } from './references.ts';
import { containerResources } from './resources.ts';
import { runtimeHandlerOf } from './runtime-handler.ts';
import { logDirectoryOf, sandboxConfigOf } from './sandbox-config.ts';
import type { SandboxConfig } from '../runtime/port.ts';
import type { PodServices } from './services.ts';
import { emit } from './services.ts';
import { startContainer } from './start-container.ts';

type Executors = { [T in ActionType]: (context: PodContext, action: ActionOf<T>, overtaken?: Action) => Promise<void> };

const MIN_GRACE_SECONDS = 2;
const EXIT_POLL_MILLISECONDS = 50;
const MAX_EXIT_POLLS = 40;

const executors: Executors = {
  async mountVolumes({ services, memory, pod }) {
    memory.areVolumesStale = false;
    memory.volumesDueAt = await tellingMountFailure(services, pod, () => services.volumes.mount(pod));
    memory.volumes = 'mounted';
  },

  async refreshVolumes({ services, memory, pod }) {
    memory.areVolumesStale = false;
    try {
      memory.volumesDueAt = await tellingMountFailure(services, pod, () => services.volumes.refresh(pod));
    } catch (error) {
      memory.areVolumesStale = true;
      throw error;
    }
  },

  async unmountVolumes({ services, memory, uid }) {
    await services.volumes.unmount(uid);
    memory.volumes = 'unmounted';
  },

  async removeTraces({ services, memory, pod, uid }) {
    const isNamed = pod.metadata.name !== undefined && pod.metadata.name !== '';
    await services.files.removePod(uid, isNamed ? logDirectoryOf(pod, services.logRoot) : undefined);
    await services.cgroups.remove(uid);
    memory.areTracesRemoved = true;
  },

  async runSandbox(context, { attempt }) {
    const { services, pod } = context;
    try {
      await services.cgroups.ensure(pod);
      const config = await makeSandboxConfig(context, attempt);
      await services.files.makeLogDirectory(config.logDirectory);
      const id = await services.starts.run(() => runOrFind(services, config));
      await services.cache.refreshSandbox(id);
    } catch (error) {
      const message = `Failed to create pod sandbox: ${(error as Error).message}`;
      emit(services, pod, undefined, 'Warning', 'FailedCreatePodSandBox', message);
      throw error;
    }
  },

  async stopSandbox({ services, memory, pod }, { id }) {
    if (memory.stage === 'running') {
      const message = 'Pod sandbox changed, it will be killed and re-created.';
      emit(services, pod, undefined, 'Normal', 'SandboxChanged', message);
    }
    await doneWhenGone(services.runtime.stopSandbox(id));
    memory.stoppedSandboxes.add(id);
    services.cache.noteStopped(id);
  },

  async removeSandbox({ services, memory }, { id }) {
    await doneWhenGone(services.runtime.removeSandbox(id));
    memory.stoppedSandboxes.delete(id);
    services.cache.forgetSandbox(id);
  },

  async ensureImage({ services, memory, pod }, { container: name, image, attempt }) {
    const container = containerOf(pod, name);
    try {
      const secrets = pullSecretsOf(pod, services.state.secrets);
      const found = await services.images.ensure(container, secrets, (...event) => emit(services, pod, name, ...event));
      memory.images.set(name, { state: 'ready', attempt, image, found });
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const { reason, message } = error;
      const known = memory.images.get(name);
      const before = known?.state === 'failed' && known.image === image ? known.backoff : undefined;
      const now = services.clock.date().getTime();
      const backoff = nextBackoff(before, now, now, services.limits);
      memory.images.set(name, { state: 'failed', image, reason, message, backoff });
      emit(services, pod, name, 'Warning', 'Failed', `Error: ${reason}`);
    }
  },

  async startContainer(context, action) {
    if (action.backoff) context.memory.crashes.set(action.container, action.backoff);
    const config = await makeSandboxConfig(context, 0);
    await startContainer(context, containerOf(context.pod, action.container), action, config);
  },

  async killContainer(context, action, overtaken) {
    const { services, pod } = context;
    const begun = services.clock.now();
    // One that overtakes another finds the event told and the hook begun.
    if (!overtaken) {
      emit(services, pod, action.container, 'Normal', 'Killing', killMessage(action.container, action.cause));
      await Promise.all([runPreStop(context, action), untilDrained(context, action)]);
    }
    const spent = (services.clock.now() - begun) / 1000;
    const grace = action.graceSeconds > 0 ? Math.max(MIN_GRACE_SECONDS, Math.ceil(action.graceSeconds - spent)) : 0;
    await doneWhenGone(services.runtime.stopContainer(action.id, grace));
    await settle(services, context.uid, action.id);
  },

  async resizeContainer({ services, memory, pod }, { id, container, resources }) {
    const resized = { ...containerOf(pod, container), resources };
    await services.cgroups.ensure(pod);
    await services.runtime.updateContainer(id, containerResources(pod, resized, services.nodeCapacity.memoryBytes));
    memory.resized.set(id, resources);
  },

  async removeContainer({ services, memory }, { id }) {
    await doneWhenGone(services.runtime.removeContainer(id));
    memory.probes.delete(id);
    memory.resized.delete(id);
    services.cache.forgetContainer(id);
  },
};

/** `overtaken`: an action of the same key that is still under way. */
export function execute(context: PodContext, action: Action, overtaken?: Action): Promise<void> {
  const executor = executors[action.type] as Executors[keyof Executors] as (
    context: PodContext,
    action: Action,
    overtaken?: Action,
  ) => Promise<void>;
  return executor(context, action, overtaken);
}

async function tellingMountFailure<T>(services: PodServices, pod: Pod, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    emit(services, pod, undefined, 'Warning', 'FailedMount', (error as Error).message);
    throw error;
  }
}

async function makeSandboxConfig({ services, pod }: PodContext, attempt: number): Promise<SandboxConfig> {
  const hostDns = await services.hostDns();
  const cgroupParent = services.cgroups.pathOf(pod);
  const logDirectory = logDirectoryOf(pod, services.logRoot);
  const runtimeHandler = runtimeHandlerOf(pod, services.state.runtimeclasses);
  const settings = services.settings();
  return sandboxConfigOf(pod, { attempt, settings, hostDns, cgroupParent, logDirectory, runtimeHandler });
}

/** A call that was cut short may have made the sandbox all the same. */
async function runOrFind({ runtime }: PodServices, config: SandboxConfig): Promise<string> {
  try {
    return await runtime.runSandbox(config);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'AlreadyExists') throw error;
    const all = await runtime.listSandboxes();
    const found = all.find(({ uid, attempt }) => uid === config.uid && attempt === config.attempt);
    if (!found) throw error;
    return found.id;
  }
}

async function runPreStop(context: PodContext, action: ActionOf<'killContainer'>): Promise<void> {
  const { services, pod } = context;
  const container = allContainers(pod).find(({ name }) => name === action.container);
  const hook = container?.lifecycle?.preStop;
  if (!container || !hook || action.graceSeconds <= 0) return;
  const target = { pod, container, containerId: action.id, ip: context.podIps()[0] ?? '' };
  try {
    await runHook(services, target, hook, action.graceSeconds, new AbortController().signal);
  } catch (error) {
    // The container ends all the same; the user is told.
    services.log.warn({ err: error, pod: pod.metadata.name, container: container.name }, 'preStop hook failed');
    emit(services, pod, container.name, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
  }
}

/** Half of the grace is left for the container to end in. */
async function untilDrained({ services, uid }: PodContext, action: ActionOf<'killContainer'>): Promise<void> {
  if (action.cause === 'podDeleted') await untilUnserved(services, uid, (action.graceSeconds * 1000) / 2);
}

/** The runtime says that the container has ended; its event is on the way, or was lost. */
async function settle({ cache, clock }: PodServices, uid: string, id: string): Promise<void> {
  const hasEnded = (): boolean => {
    const container = cache.podOf(uid).containers.find((member) => member.id === id);
    return container === undefined || container.state === 'exited';
  };
  for (let poll = 0; poll < MAX_EXIT_POLLS && !hasEnded(); poll += 1) {
    await doneWhenGone(cache.refreshContainer(id), () => cache.forgetContainer(id));
    if (!hasEnded()) await new Promise<void>((resolve) => void clock.after(EXIT_POLL_MILLISECONDS, resolve));
  }
}

async function doneWhenGone(call: Promise<void>, onGone?: () => void): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'NotFound') throw error;
    onGone?.();
  }
}

function containerOf(pod: Pod, name: string): Container {
  const container = allContainers(pod).find((member) => member.name === name);
  if (!container) throw new Error(`the pod has no container ${name}`);
  return container;
}

const KILL_MESSAGES: Partial<Record<KillCause, (name: string) => string>> = {
  livenessProbe: (name) => `Container ${name} failed liveness probe, will be restarted`,
  startupProbe: (name) => `Container ${name} failed startup probe, will be restarted`,
  definitionChanged: (name) => `Container ${name} definition changed, will be restarted`,
  resized: (name) => `Container ${name} resize requires restart`,
  stateUnknown: (name) => `Container ${name} is in unknown state, try killing it before restart`,
};

function killMessage(container: string, cause: KillCause): string {
  return KILL_MESSAGES[cause]?.(container) ?? `Stopping container ${container}`;
}
