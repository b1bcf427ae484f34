/** What is wrong with a container. */
import type {
  Container,
  ContainerStateTerminated,
  ContainerStatus,
  Event,
  Pod,
} from '../../api/schema/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import { handlerText } from '../describe/container.ts';

export interface Trouble {
  /** A clause, such as `container web crashes again and again`. */
  readonly clause: string;
  readonly facts: readonly string[];
  readonly help: readonly string[];
}

export interface Seen {
  readonly pod: Pod;
  /** Newest last. */
  readonly events: readonly Event[];
  readonly now: Date;
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};
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
  const told = events.findLast(({ reason, message = '' }) => reason === 'Failed' && /image/i.test(message));
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
  const [, kind, missing] = /(configmap|secret) "([^"]+)" not found/i.exec(message) ?? [];
  const bare = missing?.slice(missing.lastIndexOf('/') + 1);
  const help = bare
    ? `Create it: dure create ${kind?.toLowerCase() === 'secret' ? 'secret generic' : 'configmap'} ${bare} -n ${pod.metadata.namespace} --from-literal=…`
    : `See dure describe pod ${pod.metadata.name}`;
  return {
    clause: `container ${name} can't be started`,
    facts: [`Error: ${message || state?.waiting?.reason}`],
    help: [help],
  };
}

function crashTrouble(
  container: Container,
  { state, restartCount }: ContainerStatus,
  ended: ContainerStateTerminated,
  { pod, now }: Seen,
): Trouble {
  const { name } = container;
  const often = restartCount > 0 ? `, and has been restarted ${restartCount} time${restartCount === 1 ? '' : 's'}` : '';
  const again = state?.waiting?.message ? [`Now: ${state.waiting.message}`] : [];
  const previous = state?.waiting ? ' -p' : '';
  return {
    clause: `container ${name} ${state?.waiting ? 'keeps ending' : 'has ended'}`,
    facts: [
      `It ended ${since(ended.finishedAt, now)} ago ${endText(ended, container)}${often}.`,
      ...livedText(ended),
      ...again,
    ],
    help: [
      ...endHelp(ended, container, restartCount),
      `See its last words: dure logs ${pod.metadata.name} -c ${name}${previous}`,
    ],
  };
}

function livedText({ startedAt, finishedAt, message }: ContainerStateTerminated): string[] {
  const lived = startedAt && finishedAt ? (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000 : undefined;
  return [
    ...(lived === undefined || Number.isNaN(lived) ? [] : [`It had run for ${lived} s.`]),
    ...(message ? [`It left the message: ${message}`] : []),
  ];
}

export function endText({ exitCode, reason, signal }: ContainerStateTerminated, { resources }: Container): string {
  if (reason === 'OOMKilled') {
    const limit = resources?.limits?.['memory'];
    return `because it used more memory than its limit${limit ? ` of ${limit}` : ''} (OOMKilled, exit code ${exitCode})`;
  }
  const number = signal || (exitCode > 128 ? exitCode - 128 : 0);
  const by = SIGNALS[number];
  return `with exit code ${exitCode}${by ? ` (${by})` : ''}${exitCode === 127 ? ' (its command was not found)' : ''}${exitCode === 126 ? ' (its command could not be executed)' : ''}`;
}

function endHelp({ reason, exitCode }: ContainerStateTerminated, container: Container, restarts: number): string[] {
  if (reason === 'OOMKilled') {
    return [`Raise the memory limit of ${container.name}, or make it use less`];
  }
  if (exitCode === 0 && restarts > 0)
    return ['It ends without an error: if that is what it should do, make it a Job or set restartPolicy'];
  if (exitCode === 127 || exitCode === 126)
    return [
      `Check its command: ${[...(container.command ?? []), ...(container.args ?? [])].join(' ') || "the image's own"}`,
    ];
  return [];
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
