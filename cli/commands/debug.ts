import { randomInt } from 'node:crypto';
import { generateName } from '../../api/machinery/name-generator.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Container, EphemeralContainer, Node, Pod } from '../../api/types/core.v1.ts';
import { defineCommand, type Call } from '../command.ts';
import { apiVersionOf } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { list, pairs, text, textOr, toggle } from '../flags.ts';
import {
  copiedPod,
  ephemeralContainer,
  isPowerless,
  madeUpName,
  namesIn,
  podOnNode,
  type Asked,
} from '../debug/containers.ts';
import { customizer } from '../debug/custom.ts';
import { PROFILES } from '../debug/profiles.ts';
import { NO_SELECTION, selectObjects, type Selected } from '../selection.ts';
import type { Session } from '../session.ts';

const PULL_POLICIES: ReadonlySet<string> = new Set(['Always', 'IfNotPresent', 'Never']);
const POWERLESS =
  'Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may ' +
  'not work. Please consider using "--custom" with a custom profile that specifies "securityContext.runAsUser: 0".';
const LEGACY =
  '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, ' +
  'for example "--profile=general".';

const debugFlags = {
  argumentsOnly: toggle('If specified, everything after -- is passed to the new container as args, not as command'),
  attach: toggle('Wait for the container to start, and then attach to it. Default false, unless -i is set'),
  container: textOr('', 'Container name to use for debug container.', { short: 'c' }),
  copyTo: text('Create a copy of the target Pod with this name.'),
  custom: text('Path to a JSON or YAML file with a partial container spec that is merged into the profile'),
  env: pairs('Environment variables to set in the container.'),
  filename: list('Files that identify the resource to debug', { short: 'f' }),
  image: text('Container image to use for debug container.'),
  imagePullPolicy: text('The image pull policy for the container'),
  keepAnnotations: toggle('If true, keep the original pod annotations. Only with --copy-to'),
  keepInitContainers: toggle('Run the init containers for the pod. Only with --copy-to', { fallback: true }),
  keepLabels: toggle('If true, keep the original pod labels. Only with --copy-to'),
  keepLiveness: toggle('If true, keep the original pod liveness probes. Only with --copy-to'),
  keepReadiness: toggle('If true, keep the original pod readiness probes. Only with --copy-to'),
  keepStartup: toggle('If true, keep the original startup probes. Only with --copy-to'),
  profile: textOr('legacy', 'One of legacy, general, baseline, netadmin, restricted or sysadmin'),
  quiet: toggle('If true, suppress informational messages.', { short: 'q' }),
  replace: toggle('With --copy-to: delete the original Pod'),
  sameNode: toggle('With --copy-to: schedule the copy on the same node'),
  setImage: pairs('With --copy-to: name=image pairs for changing container images'),
  shareProcesses: toggle('With --copy-to: share one process namespace in the copy', { fallback: true }),
  stdin: toggle('Keep stdin open on the container(s) in the pod, even if nothing is attached.', { short: 'i' }),
  target: text('With an ephemeral container: target processes in this container'),
  tty: toggle('Allocate a TTY for the debugging container.', { short: 't' }),
};

type DebugCall = Call<typeof debugFlags>;

export const command = defineCommand({
  summary: 'Create debugging sessions for troubleshooting workloads and nodes',
  usage: '(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]',
  examples: [
    'dure debug web -it --image=busybox',
    'dure debug web -it --copy-to=web-debug --container=web -- sh',
    'dure debug web --copy-to=web-debug --set-image=*=busybox',
    'dure debug node/node-1 -it --image=busybox --profile=sysadmin',
  ],
  flags: debugFlags,
  async run(call) {
    const { args, flags, given, session } = call;
    const asked = askedOf(call);
    checkFlags(call);
    if (flags.profile === 'legacy') session.warn(LEGACY);
    const words = args.map((arg) => (arg.includes('/') ? arg : `pods/${arg}`));
    const selected = await selectObjects(words, { ...NO_SELECTION, filename: flags.filename }, session);
    const isFollowed = given.has('attach') ? flags.attach : flags.stdin;
    for (const each of selected) {
      const { pod, container } = await debug(each, asked, call);
      if (!isFollowed || container === undefined) continue;
      const { followContainer } = await import('../debug/follow.ts');
      await followContainer(pod, { ...flags, container }, session);
    }
  },
});

function askedOf({ flags, afterDash = [] }: DebugCall): Asked {
  const profile = Object.hasOwn(PROFILES, flags.profile) ? PROFILES[flags.profile] : undefined;
  if (!profile) throw new CommandError(`unknown profile: ${flags.profile}`);
  return {
    ...flags,
    words: afterDash,
    argumentsOnly: flags.argumentsOnly,
    env: [...flags.env].map(([name, value]) => ({ name, value })),
    profile,
    customize: customizer(flags.custom),
  };
}

function checkFlags({ args, afterDash = [], flags, given, session }: DebugCall): void {
  const { container, image, copyTo, setImage, target, imagePullPolicy } = flags;
  const refuse = (message: string): never => {
    throw new CommandError(message);
  };
  if (given.has('attach') && flags.attach && image === undefined && container === '')
    refuse('you must specify --container or create a new container using --image in order to attach.');
  if (copyTo === undefined) {
    if (flags.replace) refuse('--replace may only be used with --copy-to.');
    if (flags.sameNode) refuse('--same-node may only be used with --copy-to.');
    if (setImage.size > 0) refuse('--set-image may only be used with --copy-to.');
    if (image === undefined) refuse('you must specify --image when not using --copy-to.');
  } else {
    if (image === undefined && setImage.size === 0 && afterDash.length === 0)
      refuse('you must specify --image, --set-image or command arguments.');
    if (afterDash.length > 0 && container === '' && image === undefined)
      refuse('you must specify an existing container or a new image when specifying args.');
  }
  if (args.length === 0 && flags.filename.length === 0) refuse('NAME or filename is required for debug');
  if (imagePullPolicy !== undefined && !PULL_POLICIES.has(imagePullPolicy))
    refuse(`invalid image pull policy: ${imagePullPolicy}`);
  if (target !== undefined) {
    if (copyTo !== undefined) refuse('--target is incompatible with --copy-to. Use --share-processes instead.');
    if (!flags.quiet)
      session.print(
        `Targeting container "${target}". If you don't see processes from this container it may be because the container runtime doesn't support this feature.`,
      );
  }
  if (flags.tty && !flags.stdin) refuse('-i/--stdin is required for containers with -t/--tty=true');
}

interface Debugged {
  readonly pod: Pod;
  /** Undefined when there is nothing to attach to. */
  readonly container: string | undefined;
}

function debug(selected: Selected, asked: Asked, call: DebugCall): Promise<Debugged> {
  const { resource, object } = selected;
  if (resource.kind === 'Node' && resource.group === '') return debugNode(object as Node, asked, call);
  if (resource.kind !== 'Pod' || resource.group !== '') {
    const version = apiVersionOf(resource).includes('/') ? apiVersionOf(resource) : `/${resource.version}`;
    throw new CommandError(`"${version}, Kind=${resource.kind}" not supported by debug`);
  }
  const { copyTo } = call.flags;
  if (copyTo !== undefined) return debugCopy(object as Pod, copyTo, asked, call);
  return debugRunning(selected as Selected<Pod>, asked, call);
}

async function debugNode(node: Node, asked: Asked, { flags, session }: DebugCall): Promise<Debugged> {
  const name = generated(`node-debugger-${node.metadata.name}-`);
  const pod = podOnNode(name, node, asked);
  const container = pod.spec.containers[0]?.name;
  if (!flags.quiet)
    session.print(`Creating debugging pod ${name} with container ${container} on node ${node.metadata.name}.`);
  return { pod: await created(pod, await session.namespace(), session), container };
}

async function debugCopy(original: Pod, copyTo: string, asked: Asked, call: DebugCall): Promise<Debugged> {
  const { flags, given, session } = call;
  const { pod, container } = copiedPod(
    original,
    {
      ...asked,
      copyTo,
      sameNode: flags.sameNode,
      setImage: flags.setImage,
      shareProcesses: given.has('shareProcesses') ? flags.shareProcesses : undefined,
      kept: {
        labels: flags.keepLabels,
        annotations: flags.keepAnnotations,
        liveness: flags.keepLiveness,
        readiness: flags.keepReadiness,
        startup: flags.keepStartup,
        initContainers: flags.keepInitContainers,
      },
    },
    (taken) => defaultName(taken, call),
  );
  warnOfPowerless(
    pod,
    pod.spec.containers.find(({ name }) => name === container),
    session,
  );
  const { namespace = '', name } = original.metadata;
  const copy = await created(pod, namespace, session);
  if (flags.replace) {
    await (await session.client()).delete(`/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0 });
  }
  return { pod: copy, container };
}

async function debugRunning({ object, path }: Selected<Pod>, asked: Asked, call: DebugCall): Promise<Debugged> {
  const { flags, session } = call;
  const name = flags.container || defaultName(namesIn(object), call);
  const added = ephemeralContainer(name, flags.target, asked);
  warnOfPowerless(object, added, session);
  const patch = { spec: { ephemeralContainers: [added] } };
  const client = await session.client();
  const pod = await client.patch<Pod>(`${path}/ephemeralcontainers`, 'strategic-merge-patch', patch);
  return { pod, container: name };
}

function defaultName(taken: ReadonlySet<string>, { flags, session }: DebugCall): string {
  const name = madeUpName(taken, generated);
  if (!flags.quiet) session.print(`Defaulting debug container name to ${name}.`);
  return name;
}

function generated(prefix: string): string {
  return generateName(prefix, (bound) => randomInt(bound));
}

function warnOfPowerless(pod: Pod, container: Container | EphemeralContainer | undefined, session: Session): void {
  if (container && isPowerless(pod, container)) session.warn(POWERLESS);
}

async function created(pod: Pod, namespace: string, session: Session): Promise<Pod> {
  return (await session.client()).create<Pod & KubeObject>(`/api/v1/namespaces/${namespace}/pods`, pod);
}
