/** Attaching to a debugging container once it runs, or showing what it said when it has ended already. */
import type { ContainerStatus, Pod } from '../../api/types/core.v1.ts';
import { CommandError } from '../errors.ts';
import { openPodStreams } from '../pod-streams.ts';
import { errorText } from '../say-error.ts';
import { selectedOf } from '../selection.ts';
import type { Session } from '../session.ts';
import { lendTerminal } from '../terminal.ts';
import { Deadline, untilObject } from '../waiting.ts';

export interface Following {
  readonly container: string;
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly quiet: boolean;
}

/** Resolves once the container's output has ended. */
export async function followContainer(pod: Pod, following: Following, session: Session): Promise<void> {
  const { container, stdin, quiet } = following;
  const place = selectedOf(await (await session.discovery()).find('pods'), pod);
  const now = await startedPod(place, following, session);
  const logs = async (): Promise<void> => {
    const client = await session.client();
    for await (const chunk of client.stream(`${place.path}/log`, { query: { container } })) session.write(chunk);
  };
  if (statusOf(now, container)?.state?.terminated) return logs();
  const tty = following.tty && session.world.stdin.isTTY === true;
  if (!quiet) {
    session.warn(
      'All commands and output from this session will be recorded in container logs, including credentials and ' +
        'sensitive information passed through the command prompt.',
    );
    session.warn("If you don't see a command prompt, try pressing enter.");
  }
  try {
    const streams = await openPodStreams(now, 'attach', { container, stdin, tty }, session);
    await lendTerminal(streams, { stdin, tty }, session);
  } catch (error) {
    const why = errorText(error);
    session.warn(`warning: couldn't attach to pod/${place.name}, falling back to streaming logs: ${why}`);
    await logs();
  }
}

/** Waits as long as it takes: an image may be large. What it waits for is said. */
async function startedPod(
  place: ReturnType<typeof selectedOf>,
  { container, quiet }: Following,
  session: Session,
): Promise<Pod> {
  let last = '';
  const done = (object: object | undefined): boolean => {
    if (!object) throw new CommandError(`pods "${place.name}" not found`);
    const { state } = statusOf(object as Pod, container) ?? {};
    const message = state?.waiting?.message ?? '';
    if (!quiet && message !== '' && message !== last) session.warn(`Warning: container ${container}: ${message}`);
    last = message;
    return state?.running !== undefined || state?.terminated !== undefined;
  };
  const what = `waiting for container ${container} to start`;
  const unlimited = new Deadline({ milliseconds: 0, clock: session.world.clock });
  return (await untilObject(place, { what, done }, session, unlimited)) as Pod;
}

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    ({ name }) => name === container,
  );
}
