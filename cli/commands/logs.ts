import type { Pod } from '../../api/types/core.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { duration, integer, integerOr, text, toggle } from '../flags.ts';
import { LogPrinter } from '../log-printer.ts';
import { containerOf, podOf, podsWith } from '../pods.ts';
import type { Session } from '../session.ts';

const TAIL_OF_MANY = 10;

export const command = defineCommand({
  summary: 'Print the logs for a container in a pod or specified resource',
  usage: '[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]',
  examples: ['dure logs web', 'dure logs -f deploy/web --all-containers', 'dure logs -l app=hello --prefix'],
  flags: {
    allContainers: toggle("Get all containers' logs in the pod(s)"),
    allPods: toggle('Get logs from all pod(s) of the object. Sets --prefix'),
    container: text('Print the logs of this container', { short: 'c' }),
    follow: toggle('Specify if the logs should be streamed', { short: 'f' }),
    ignoreErrors: toggle('If following logs, go on when one of them fails'),
    limitBytes: integer('Maximum bytes of logs to return'),
    maxLogRequests: integerOr(5, 'Maximum number of concurrent logs to follow when using a selector'),
    prefix: toggle('Prefix each log line with the log source (pod name and container name)'),
    previous: toggle('Print the logs for the previous instance of the container', { short: 'p' }),
    selector: text('Selector (label query) to filter on', { short: 'l' }),
    since: duration('Only return logs newer than a relative duration like 5s, 2m, or 3h'),
    sinceTime: text('Only return logs after a specific date (RFC3339)'),
    tail: integerOr(-1, 'Lines of recent log file to display; all by default, 10 with a selector'),
    timestamps: toggle('Include timestamps on each line in the log output'),
  },
  async run({ args, flags, given, session }) {
    const isMany = flags.selector !== undefined || flags.allPods;
    const sources = await sourcesOf(args, flags, session);
    if (flags.follow && sources.length > flags.maxLogRequests) {
      throw new CommandError(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${flags.maxLogRequests}, ` +
          'use --max-log-requests to increase the limit',
      );
    }
    const tail = isMany && !given.has('tail') ? TAIL_OF_MANY : flags.tail;
    const stopping = new AbortController();
    const release = session.world.onInterrupt(() => stopping.abort(new Error('interrupted')));
    const query = {
      ...(flags.follow ? { follow: true } : {}),
      ...(flags.previous ? { previous: true } : {}),
      ...(flags.timestamps ? { timestamps: true } : {}),
      ...(flags.since === undefined ? {} : { sinceSeconds: Math.max(1, Math.ceil(flags.since / 1000)) }),
      ...(flags.sinceTime === undefined ? {} : { sinceTime: flags.sinceTime }),
      ...(tail < 0 ? {} : { tailLines: tail }),
      ...(flags.limitBytes === undefined ? {} : { limitBytes: flags.limitBytes }),
    };
    const client = await session.client();
    const print = async (source: Source): Promise<void> => {
      const prefix = flags.prefix || flags.allPods ? `[pod/${source.pod}/${source.container}] ` : '';
      const printer = new LogPrinter({ prefix, write: (data) => session.write(data) });
      const path = `/api/v1/namespaces/${source.namespace}/pods/${source.pod}/log`;
      try {
        for await (const chunk of client.stream(path, {
          query: { ...query, container: source.container },
          signal: stopping.signal,
        })) {
          printer.add(chunk);
        }
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!flags.ignoreErrors) throw error;
        const { errorText } = await import('../say-error.ts');
        session.warn(errorText(error));
      } finally {
        printer.end();
      }
    };
    try {
      if (flags.follow) await Promise.all(sources.map(print));
      else for (const source of sources) await print(source);
    } finally {
      release();
    }
  },
});

interface Source {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

interface SourceFlags {
  readonly selector: string | undefined;
  readonly allPods: boolean;
  readonly allContainers: boolean;
  readonly container: string | undefined;
}

async function sourcesOf(args: readonly string[], flags: SourceFlags, session: Session): Promise<Source[]> {
  const [name = '', trailing] = args;
  if (args.length > 2 || (args.length === 0) === (flags.selector === undefined)) {
    throw new CommandError(
      "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
    );
  }
  if (trailing !== undefined && flags.container !== undefined)
    throw new CommandError('only one of -c or an inline [CONTAINER] arg is allowed');
  const container = flags.container ?? trailing;
  const pods = await podsOf(name, flags, session);
  if (pods.length === 0) session.warn(`No resources found in ${await session.namespace()} namespace.`);
  return pods.flatMap((pod) => {
    const { namespace = '', name: podName = '' } = pod.metadata;
    const containers = flags.allContainers ? containersOf(pod) : [containerOf(pod, container, session)];
    return containers.map((each) => ({ namespace, pod: podName, container: each }));
  });
}

async function podsOf(name: string, { selector, allPods }: SourceFlags, session: Session): Promise<Pod[]> {
  if (selector !== undefined) return podsWith(selector, await session.namespace(), session);
  if (!allPods) return [await podOf([name], session)];
  const { podsBehind } = await import('../pods.ts');
  return podsBehind([name], session);
}

function containersOf({ spec }: Pod): string[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].map(
    ({ name }) => name,
  );
}
