import type { Pod, Service } from '../../api/types/core.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array, durationOr, list, text, textOr, toggle } from '../flags.ts';
import { createFlags, createObject, sendObject, onlyName, pairOf } from '../generators/create.ts';
import { Outcome } from '../outcome.ts';
import { overridden, overrideFlags } from '../overrides.ts';
import { openPodStreams } from '../pod-streams.ts';
import { selectedOf } from '../selection.ts';
import type { Session } from '../session.ts';
import { lendTerminal } from '../terminal.ts';
import { Deadline, untilGone, untilObject } from '../waiting.ts';

export const command = defineCommand({
  summary: 'Create and run a particular image in a pod',
  usage: 'NAME --image=image [--env="key=value"] [--port=port] [--command] -- [COMMAND] [args...]',
  examples: ['dure run web --image=nginx', 'dure run -it --rm sh --image=busybox --restart=Never -- sh'],
  flags: {
    ...createFlags,
    ...overrideFlags,
    annotations: array('Annotations to apply to the pod'),
    attach: toggle('Wait for the pod to start running, and then attach to it'),
    command: toggle("If true and extra arguments are present, use them as the 'command' field"),
    env: array('Environment variables to set in the container'),
    expose: toggle('If true, create a ClusterIP service associated with the pod. Requires --port'),
    image: text('The image for the container to run'),
    imagePullPolicy: text('The image pull policy for the container'),
    labels: list('Comma separated labels to apply to the pod', { short: 'l' }),
    leaveStdinOpen: toggle('If true, the container keeps its stdin after the first attach has ended'),
    podRunningTimeout: durationOr(60_000, 'How long to wait until the pod runs'),
    port: text('The port that this container exposes'),
    privileged: toggle('If true, run the container in privileged mode.'),
    quiet: toggle('If true, suppress prompt messages.', { short: 'q' }),
    restart: textOr('Always', 'The restart policy for this Pod. Legal values [Always, OnFailure, Never]'),
    rm: toggle('If true, delete the pod after it exits. Only with --attach or --stdin'),
    stdin: toggle('Keep stdin open on the container in the pod', { short: 'i' }),
    tty: toggle('Allocate a TTY for the container in the pod', { short: 't' }),
  },
  async run({ args, afterDash = [], flags, given, session }) {
    const name = onlyName(args);
    if (!flags.image) throw new CommandError('required flag(s) "image" not set');
    const isAttached = given.has('attach') ? flags.attach : flags.stdin;
    if (flags.tty && !flags.stdin) throw misused('-i/--stdin is required for containers with -t/--tty=true');
    if (flags.expose && flags.port === undefined) throw misused('--port must be set when exposing a service');
    if (flags.port !== undefined && !/^\d+$/.test(flags.port))
      throw new CommandError(`strconv.Atoi: parsing "${flags.port}": invalid syntax`);
    if (flags.rm && !isAttached) throw misused('--rm should only be used for attached containers');
    if (isAttached && flags.dryRun !== 'none') {
      throw misused(
        "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
      );
    }
    const ownLabels = Object.fromEntries(flags.labels.map(pairOf));
    const labels = flags.labels.length > 0 ? ownLabels : { run: name };
    const env = flags.env.map(pairOf).map(([key, value]) => ({ name: key, value }));
    const annotations = Object.fromEntries(flags.annotations.map(pairOf));
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels, ...(flags.annotations.length > 0 ? { annotations } : {}) },
      spec: {
        containers: [
          {
            name,
            image: flags.image,
            resources: {},
            ...(afterDash.length === 0 ? {} : flags.command ? { command: [...afterDash] } : { args: [...afterDash] }),
            ...(env.length > 0 ? { env } : {}),
            ...(flags.port === undefined ? {} : { ports: [{ containerPort: Number(flags.port) }] }),
            ...(flags.imagePullPolicy === undefined ? {} : { imagePullPolicy: flags.imagePullPolicy }),
            ...(flags.privileged ? { securityContext: { privileged: true } } : {}),
            ...(flags.stdin ? { stdin: true } : {}),
            ...(flags.stdin && !flags.leaveStdinOpen ? { stdinOnce: true } : {}),
            ...(flags.tty ? { tty: true } : {}),
          },
        ],
        dnsPolicy: 'ClusterFirst',
        restartPolicy: flags.restart,
      },
      status: {},
    };
    const wanted = await overridden(pod, flags);
    const service = flags.expose ? serviceOf(name, labels, ownLabels, Number(flags.port)) : undefined;
    const outcome = new Outcome(flags, session);
    const { resource, created } = await sendObject(wanted, flags, session, outcome);
    const exposed = service && (await createObject(service, flags, session, 'created', outcome));
    // As kubectl has it, which says the service first and sets two lines between them.
    if (exposed && flags.output === 'yaml') session.print('---');
    await outcome.say(resource, created, 'created');
    if (!isAttached) return;
    try {
      return await attach(created as Pod, flags, session);
    } finally {
      if (flags.rm) {
        await removeObject('pods', created, flags, session);
        if (exposed) await removeObject('services', exposed, flags, session);
      }
    }
  },
});

function misused(message: string): CommandError {
  return new CommandError(`${message}\nSee 'dure run -h' for help and examples`);
}

/** Reaches the pod by its labels; has those that were asked for itself. */
function serviceOf(
  name: string,
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
  port: number,
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, ...(Object.keys(labels).length > 0 ? { labels } : {}) },
    spec: { ports: [{ port, protocol: 'TCP', targetPort: port }], selector },
    status: { loadBalancer: {} },
  };
}

interface AttachFlags {
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly podRunningTimeout: number;
  readonly quiet: boolean;
  readonly leaveStdinOpen: boolean;
}

/** Resolves with the container's exit code. */
async function attach(pod: Pod, flags: AttachFlags, session: Session): Promise<number> {
  const { stdin, tty, podRunningTimeout, quiet, leaveStdinOpen } = flags;
  const place = selectedOf(await (await session.discovery()).find('pods'), pod);
  const deadline = new Deadline({ milliseconds: podRunningTimeout, clock: session.world.clock });
  const isStarted = (object: KubeObject | undefined): boolean =>
    !['Pending', undefined].includes((object as Pod | undefined)?.status?.phase);
  const now = (await untilObject(
    place,
    { what: `waiting for pod ${place.name} to run`, done: isStarted },
    session,
    deadline,
  )) as Pod;
  const container = place.name;
  if (now.status?.phase === 'Running') {
    const isTerminal = tty && session.world.stdin.isTTY === true;
    if (isTerminal && !quiet) session.warn("If you don't see a command prompt, try pressing enter.");
    const streams = await openPodStreams(now, 'attach', { container, stdin, tty: isTerminal }, session);
    await lendTerminal(streams, { stdin, tty: isTerminal }, session);
  } else for await (const chunk of (await session.client()).stream(`${place.path}/log`)) session.write(chunk);
  // Whoever leaves it open means to come back: it isn't waited for.
  if (leaveStdinOpen) return 0;
  const ending = new Deadline({ milliseconds: podRunningTimeout, clock: session.world.clock });
  const ended = (object: KubeObject | undefined): boolean => exitOf(object) !== undefined;
  return (
    exitOf(await untilObject(place, { what: `waiting for pod ${place.name} to end`, done: ended }, session, ending)) ??
    0
  );
}

/** Undefined while it runs. A pod that is gone, or whose container is started again, has no exit code of its own. */
function exitOf(object: KubeObject | undefined): number | undefined {
  const own = (object as Pod | undefined)?.status?.containerStatuses?.[0];
  if (!object || (own?.restartCount ?? 0) > 0) return 0;
  return own?.state?.terminated?.exitCode;
}

async function removeObject(
  type: string,
  object: KubeObject,
  { quiet }: { readonly quiet: boolean },
  session: Session,
): Promise<void> {
  const place = selectedOf(await (await session.discovery()).find(type), object);
  await (await session.client()).delete(place.path);
  if (!quiet) session.print(`${place.resource.singular} "${place.name}" deleted from ${place.namespace} namespace`);
  await untilGone(place, session, new Deadline({ milliseconds: 0, clock: session.world.clock }));
}
