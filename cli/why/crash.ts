/** Why a container ends, and what would keep it running. */
import type { Container, ContainerStateTerminated, ContainerStatus } from '../../api/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import { lastSeen } from '../describe/common.ts';
import type { Seen, Trouble } from './trouble.ts';

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};
/** A container that has ended, or that ends again and again. */
export function crashTrouble(
  container: Container,
  { state, restartCount }: ContainerStatus,
  ended: ContainerStateTerminated,
  seen: Seen,
): Trouble {
  const { name } = container;
  const often = restartCount > 0 ? `, and has been restarted ${restartCount} time${restartCount === 1 ? '' : 's'}` : '';
  const again = state?.waiting?.message ? [`Now: ${state.waiting.message}`] : [];
  const lines = seen.lastLines.get(name) ?? [];
  const killing = probeThatKilled(name, ended, seen);
  return {
    clause: `container ${name} ${state?.waiting ? 'keeps ending' : 'has ended'}`,
    facts: [
      `It ended ${since(ended.finishedAt, seen.now)} ago ${endText(ended, container)}${often}.`,
      ...livedText(ended),
      ...(killing?.facts ?? []),
      ...(lines.length > 0 ? ['Its last words:', ...lines.map((line) => `  ${line}`)] : []),
      ...again,
    ],
    help: [
      ...(killing?.help ?? endHelp(ended, container, restartCount)),
      ...(wasStarted(ended)
        ? [`See all it said: dure logs ${seen.pod.metadata.name} -c ${name}${state?.waiting ? ' -p' : ''}`]
        : []),
    ],
  };
}

/** One whose process could not be started has no log. */
export function wasStarted({ reason }: Pick<ContainerStateTerminated, 'reason'>): boolean {
  return reason !== 'StartError' && reason !== 'ContainerCannotRun';
}

/** The liveness or startup probe on whose word the node ended it. */
function probeThatKilled(
  name: string,
  ended: ContainerStateTerminated,
  { events }: Seen,
): { facts: string[]; help: string[] } | undefined {
  const killed = events.findLast(
    ({ reason, message = '' }) => reason === 'Killing' && message.startsWith(`Container ${name} failed `),
  );
  const kind = / failed (\w+) probe/.exec(killed?.message ?? '')?.[1];
  // Events are kept to the second.
  const startedAt = Math.floor(Date.parse(ended.startedAt ?? '') / 1000) * 1000;
  if (!killed || !kind || !(lastSeen(killed) >= startedAt)) return undefined;
  const answer = events.findLast(
    ({ reason, message = '' }) => reason === 'Unhealthy' && message.toLowerCase().startsWith(kind),
  );
  return {
    facts: [`The node ended it because it failed its ${kind} probe.`, ...(answer?.message ? [answer.message] : [])],
    help: [
      `Make it answer its ${kind} probe, or change that probe (path, port, initialDelaySeconds, failureThreshold)`,
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
  const command = [...(container.command ?? []), ...(container.args ?? [])].join(' ') || "the image's own";
  if (!wasStarted({ reason })) return [`Check that its image has the command: ${command}`];
  if (exitCode === 0 && restarts > 0)
    return ['It ends without an error: if that is what it should do, make it a Job or set restartPolicy'];
  if (exitCode === 127 || exitCode === 126) return [`Check its command: ${command}`];
  return [];
}
