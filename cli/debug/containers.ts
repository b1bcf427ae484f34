/** The containers and pods that `debug` adds, from what was asked for and what is there. */
import type { Container, EnvVar, EphemeralContainer, Node, Pod } from '../../api/types/core.v1.ts';
import { CommandError } from '../errors.ts';
import { onNode, secured, stripped, type Kept, type Profile } from './profiles.ts';

/** What is asked for, whatever is debugged. */
export interface Asked {
  /** '' for one that is made up. */
  readonly container: string;
  readonly image: string | undefined;
  readonly imagePullPolicy: string | undefined;
  /** What follows `--`. */
  readonly words: readonly string[];
  /** The words are arguments of the image's own command. */
  readonly argumentsOnly: boolean;
  readonly env: readonly EnvVar[];
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly profile: Profile;
  /** Merged into the debugging container as a strategic patch. */
  customize<T extends Container | EphemeralContainer>(container: T): T;
}

/** Of a copy. */
export interface CopyAsked extends Asked {
  readonly copyTo: string;
  readonly sameNode: boolean;
  /** By container; `*` is every other one. */
  readonly setImage: ReadonlyMap<string, string>;
  /** Undefined: as the original has it. */
  readonly shareProcesses: boolean | undefined;
  readonly kept: Kept;
}

const DEFAULT_NAME = 'debugger';
/** Names are made up of 27^5: two in a row that are taken are chance, more are not. */
const MAX_NAME_ATTEMPTS = 8;

/** What a new container has of what was asked. */
function newContainer(name: string, asked: Asked): Container {
  const { image, imagePullPolicy, words, argumentsOnly, env, stdin, tty } = asked;
  return {
    name,
    ...(env.length > 0 ? { env: [...env] } : {}),
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    ...(words.length === 0 ? {} : argumentsOnly ? { args: [...words] } : { command: [...words] }),
    ...(stdin ? { stdin } : {}),
    ...(tty ? { tty } : {}),
    resources: {},
    terminationMessagePolicy: 'File',
  };
}

export function ephemeralContainer(name: string, target: string | undefined, asked: Asked): EphemeralContainer {
  const made: EphemeralContainer = {
    ...newContainer(name, asked),
    ...(target === undefined ? {} : { targetContainerName: target }),
  };
  return asked.customize(secured(made, asked.profile, 'ephemeral'));
}

/** `name` is the pod's. */
export function podOnNode(name: string, node: Node, asked: Asked): Pod {
  const container = asked.container || DEFAULT_NAME;
  const { profile } = asked;
  const spec = onNode(
    {
      containers: [secured(newContainer(container, asked), profile, 'node')],
      nodeName: node.metadata.name ?? '',
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
    },
    container,
    profile,
  );
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'kubectl-debug' } },
    spec: { ...spec, containers: spec.containers.map((each) => asked.customize(each)) },
    status: {},
  };
}

/** The copy, and its debugging container's name: undefined when there is none, only images are others. */
export function copiedPod(
  { metadata, spec }: Pod,
  asked: CopyAsked,
  makeUp: (taken: ReadonlySet<string>) => string,
): { readonly pod: Pod; readonly container: string | undefined } {
  const { ephemeralContainers: _, nodeName, ...rest } = spec;
  const { namespace, labels, annotations } = metadata;
  const { setImage, sameNode, shareProcesses, profile } = asked;
  const containers = spec.containers.map((each) => {
    const image = setImage.get(each.name) ?? setImage.get('*');
    return image === undefined ? each : { ...each, image };
  });
  const copy: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: asked.copyTo,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec: {
      ...rest,
      containers,
      ...(sameNode && nodeName ? { nodeName } : {}),
      ...(shareProcesses === undefined ? {} : { shareProcessNamespace: shareProcesses }),
    },
    status: {},
  };
  const before = containers.find(({ name }) => name === asked.container);
  if (!before && asked.image === undefined) {
    if (setImage.size > 0) return { pod: copy, container: undefined };
    throw new CommandError('you must specify image when creating new container');
  }
  const container = asked.container || makeUp(namesIn(copy));
  const changed = secured(before ? changedContainer(before, asked) : newContainer(container, asked), profile, 'copy');
  const others = containers.filter(({ name }) => name !== container);
  const at = before ? containers.indexOf(before) : containers.length;
  const pod = stripped(
    { ...copy, spec: { ...copy.spec, containers: others.toSpliced(at, 0, changed) } },
    profile,
    asked.kept,
  );
  const customized = pod.spec.containers.map((each) => (each.name === container ? asked.customize(each) : each));
  return { pod: { ...pod, spec: { ...pod.spec, containers: customized } }, container };
}

function changedContainer(before: Container, asked: Asked): Container {
  const { image, imagePullPolicy, words, argumentsOnly, env, stdin, tty } = asked;
  const { args, ...others } = before;
  const given = words.length > 0;
  return {
    ...others,
    ...(given && argumentsOnly ? { args: [...words] } : {}),
    ...(given && !argumentsOnly ? { command: [...words] } : {}),
    ...(!given && args ? { args } : {}),
    ...(env.length > 0 ? { env: [...env] } : {}),
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    stdin,
    tty,
  };
}

export function namesIn({ spec }: Pod): ReadonlySet<string> {
  const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  return new Set(all.map(({ name }) => name));
}

/** Such as `debugger-x8d2k`, and none of `taken`. */
export function madeUpName(taken: ReadonlySet<string>, generate: (prefix: string) => string): string {
  for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
    const name = generate(`${DEFAULT_NAME}-`);
    if (!taken.has(name)) return name;
  }
  throw new CommandError('no free name for the debugging container was found: give one with --container');
}

/** Whether capabilities that the container is given do nothing, because the whole pod runs as another user than root. */
export function isPowerless({ spec }: Pod, { securityContext }: Pick<Container, 'securityContext'>): boolean {
  const isRoot = !spec.securityContext?.runAsUser;
  if (isRoot || !securityContext || securityContext.runAsUser === 0) return false;
  return securityContext.privileged === true || (securityContext.capabilities?.add ?? []).length > 0;
}
