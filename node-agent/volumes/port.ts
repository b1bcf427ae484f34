/** What pods ask of volumes. */
import type { Container, Pod } from '../../api/types/core.v1.ts';
import type { ContainerConfig } from '../runtime/port.ts';

/** The message says, for the user, what is wrong. */
export class VolumeError extends Error {
  override readonly name: string = 'VolumeError';
}

export interface Volumes {
  /**
   * Makes everything that the pod mounts; done for what is there already. Rejects with {@link VolumeError}. Resolves with
   * the time at which something in them has to be renewed (milliseconds since 1970), undefined when nothing ever has.
   */
  mount(pod: Pod): Promise<number | undefined>;
  /** Brings what is written in mounted volumes up to date. Rejects and resolves as `mount` does. */
  refresh(pod: Pod): Promise<number | undefined>;
  /** What the container is to see of them; `expand` resolves variables in subPathExpr. Rejects with {@link VolumeError}. */
  mountsFor(pod: Pod, container: Container, expand: (text: string) => string): Promise<ContainerConfig['mounts']>;
  /** Unmounts and removes all that was made for the pod, also by an agent before this one. */
  unmount(uid: string): Promise<void>;
  /** The pods of which something is left, by uid. */
  leftovers(): Promise<string[]>;
}

/** For simulated nodes: containers that exist in memory see no files. */
export const noVolumes: Volumes = {
  mount: () => Promise.resolve(undefined),
  refresh: () => Promise.resolve(undefined),
  mountsFor: () => Promise.resolve([]),
  unmount: () => Promise.resolve(),
  leftovers: () => Promise.resolve([]),
};
