/** What containers said last before they ended. */
import type { ContainerStatus, Pod } from '../../api/types/core.v1.ts';
import type { Session } from '../session.ts';
import { wasStarted } from './crash.ts';

const LINES = 3;
const MAX_BYTES = 4096;
const MAX_LINE_LENGTH = 200;

/** By the containers' names; of those only that have ended and are not ready. */
export async function lastLinesOf(pod: Pod, session: Session): Promise<Map<string, string[]>> {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const ended = [...initContainerStatuses, ...containerStatuses].filter(hasEndedBadly);
  const read = ended.map(async (status) => [status.name, await linesOf(pod, status, session)] as const);
  return new Map(await Promise.all(read));
}

function hasEndedBadly({ ready, state, lastState }: ContainerStatus): boolean {
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  return !ready && ended !== undefined && wasStarted(ended) && (state?.waiting !== undefined || ended.exitCode !== 0);
}

async function linesOf({ metadata }: Pod, { name, state }: ContainerStatus, session: Session): Promise<string[]> {
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/log`;
  const query = { container: name, tailLines: LINES, limitBytes: MAX_BYTES, previous: state?.waiting !== undefined };
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of (await session.client()).stream(path, { query })) chunks.push(chunk);
  } catch {
    // The log is gone, its node is away, or the user may not read logs: the rest of the explanation stands without it.
    return [];
  }
  return Buffer.concat(chunks).toString().split('\n').map(readable).filter(Boolean);
}

/** Without what would make a terminal do something. */
function readable(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/\u001B\[[\d;]*[A-Za-z]|[\u0000-\u001F\u007F-\u009F]/g, '').slice(0, MAX_LINE_LENGTH);
}
