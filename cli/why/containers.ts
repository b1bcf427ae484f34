/** What is wrong with a container. */
import type { Container, ContainerStatus, Pod } from '../../api/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import { handlerText } from '../describe/container.ts';
import { crashTrouble } from './crash.ts';
import type { Seen, Trouble } from './trouble.ts';

const PULL_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
]);
const CONFIG_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

/** The first container that keeps the pod from being ready; undefined when none does. */
export function findTrouble(seen: Seen): Trouble | undefined {
  const { spec, status } = seen.pod;
  for (const container of spec.initContainers ?? []) {
    const own = status?.initContainerStatuses?.find(({ name }) => name === container.name);
    const trouble = initTrouble(container, own, seen);
    if (trouble) return trouble;
  }
  for (const container of spec.containers) {
    const own = status?.containerStatuses?.find(({ name }) => name === container.name);
    const trouble = own && !own.ready ? troubleOf(container, own, seen) : undefined;
    if (trouble) return trouble;
  }
  return undefined;
}

function initTrouble(container: Container, status: ContainerStatus | undefined, seen: Seen): Trouble | undefined {
  if (!status || status.state?.terminated?.exitCode === 0) return undefined;
  const found = troubleOf(container, status, seen);
  if (found) return { ...found, clause: `init ${found.clause}` };
  if (!status.state?.running) return undefined;
  return {
    clause: `init container ${container.name} has not finished`,
    facts: [
      `It has been running for ${since(status.state.running.startedAt, seen.now)}; the containers start after it.`,
    ],
    help: [`See what it does: dure logs ${seen.pod.metadata.name} -c ${container.name}`],
  };
}

function troubleOf(container: Container, status: ContainerStatus, seen: Seen): Trouble | undefined {
  const { state, lastState } = status;
  const reason = state?.waiting?.reason ?? '';
  if (PULL_REASONS.has(reason)) return pullTrouble(container, status, seen);
  if (CONFIG_REASONS.has(reason)) return configTrouble(container, status, seen);
  const ended = state?.terminated ?? lastState?.terminated;
  if (reason === 'CrashLoopBackOff' || state?.terminated) return ended && crashTrouble(container, status, ended, seen);
  if (state?.running) return probeTrouble(container, status, seen);
  return undefined;
}

function pullTrouble({ name, image = '' }: Container, { state }: ContainerStatus, { events }: Seen): Trouble {
  const told = events.findLast(
    ({ reason, message = '' }) => reason === 'Failed' && /^Failed to \w+ image/.test(message),
  );
  const text = told?.message ?? state?.waiting?.message ?? '';
  const isRefused = /unauthorized|forbidden|denied|authentication/i.test(text);
  const isUnreachable = /no such host|refused|timeout|unreachable/i.test(text);
  return {
    clause: `the image of container ${name} can't be fetched`,
    facts: [`Image: ${image}`, ...(text ? [`Last error: ${text}`] : [])],
    help: [
      isRefused
        ? `Give the pod imagePullSecrets that the registry accepts, or check the name ${image}`
        : isUnreachable
          ? "Check that the node reaches the registry, and the registry's name in the image"
          : `Check that ${image} exists, its tag included; then it is tried again by itself`,
    ],
  };
}

function configTrouble({ name }: Container, { state }: ContainerStatus, { pod }: Seen): Trouble {
  const message = state?.waiting?.message ?? '';
  return {
    clause: `container ${name} can't be started`,
    facts: [`Error: ${message || state?.waiting?.reason}`],
    help: [configHelp(message, pod) ?? `See dure describe pod ${pod.metadata.name}`],
  };
}

/** What the node's messages about a container that it can't make ask for. */
function configHelp(message: string, { metadata }: Pod): string | undefined {
  const namespace = `-n ${metadata.namespace}`;
  const [, kind, missing] = /(configmap|secret) "([^"]+)" not found/i.exec(message) ?? [];
  if (kind && missing) {
    const type = kind.toLowerCase() === 'secret' ? 'secret generic' : 'configmap';
    return `Create it: dure create ${type} ${bareName(missing)} ${namespace} --from-literal=…`;
  }
  const [, key, holder, named] = /couldn't find key (\S+) in (ConfigMap|Secret) (\S+)/.exec(message) ?? [];
  if (key && holder && named) {
    return `Give it the key ${key} (dure edit ${holder.toLowerCase()} ${bareName(named)} ${namespace}), or name another key in the pod`;
  }
  if (message.includes('runAsNonRoot')) {
    return 'Set runAsUser in its securityContext to a user other than 0 that the image can run as, or do without runAsNonRoot';
  }
  return undefined;
}

function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function probeTrouble(
  container: Container,
  { started, state }: ContainerStatus,
  { pod, events, now }: Seen,
): Trouble | undefined {
  const isStarting = started === false && container.startupProbe !== undefined;
  const probe = isStarting ? container.startupProbe : container.readinessProbe;
  if (!probe) return undefined;
  const kind = isStarting ? 'startup' : 'readiness';
  const failure = events.findLast(
    ({ reason, message = '' }) => reason === 'Unhealthy' && message.toLowerCase().startsWith(kind),
  );
  const running = `It has been running for ${since(state?.running?.startedAt, now)}.`;
  return {
    clause: `container ${container.name} does not pass its ${kind} probe`,
    facts: [
      `Probe: ${handlerText(probe)}`,
      failure?.message ? `Last answer: ${failure.message}` : 'It has not been answered yet.',
      running,
    ],
    help: [
      `See what it says: dure logs ${pod.metadata.name} -c ${container.name}; or change its ${kind}Probe if that is wrong`,
    ],
  };
}
