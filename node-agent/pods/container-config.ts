/** What the runtime is told of one container. */
import type { Container, Pod } from '../../api/types/core.v1.ts';
import type { ContainerConfig, Image } from '../runtime/port.ts';
import { expand } from './expand.ts';
import { containerAnnotations, containerLabels } from './labels.ts';
import { containerResources } from './resources.ts';
import { securityOf } from './security.ts';

export interface ContainerFacts {
  readonly attempt: number;
  readonly image: Image;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: ContainerConfig['mounts'];
  /** Bytes. */
  readonly memoryCapacity: number;
  /** Where the node's own seccomp profiles are. */
  readonly seccompRoot: string;
  /** The id of the container whose processes an ephemeral one shall see. */
  readonly processesOf?: string | undefined;
}

/** Throws ContainerConfigError when the container must not run so. */
export function containerConfigOf(pod: Pod, container: Container, facts: ContainerFacts): ContainerConfig {
  const { attempt, environment, image, processesOf } = facts;
  const words = (list: string[] | undefined): string[] => (list ?? []).map((word) => expand(word, environment));
  return {
    name: container.name,
    attempt,
    image: image.id,
    command: words(container.command),
    args: words(container.args),
    workingDirectory: container.workingDir ?? '',
    env: [...environment].map(([name, value]) => ({ name, value })),
    mounts: facts.mounts,
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(container, attempt),
    logPath: `${container.name}/${attempt}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: containerResources(pod, container, facts.memoryCapacity),
    security: {
      ...securityOf(pod, container, image, facts.seccompRoot),
      ...(processesOf !== undefined && { processesOf }),
    },
  };
}
