/**
 * Volumes on the node's disk and memory: persistent ones, emptyDir, hostPath, and those with files of the API's making (configMap, secret,
 * downwardAPI, projected). Everything of a pod is below one directory, but what must not be on the disk: one file system in
 * memory holds that of all pods, since nearly every pod has a token, and mounting is dear.
 */
import { chmod, chown, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { claimOf } from '../../api/machinery/pod-claims.ts';
import { bytesOf } from '../../api/machinery/quantity.ts';
import type {
  ConfigMap,
  Container,
  DownwardAPIVolumeFile,
  EmptyDirVolumeSource,
  Pod,
  Secret,
  Volume,
  VolumeMount,
} from '../../api/types/core.v1.ts';
import type { View } from '../../lib/view.ts';
import type { ContainerConfig } from '../runtime/port.ts';
import { writePayload } from './atomic-writer.ts';
import { makeUntyped, prepareHostPath } from './host-path.ts';
import { MountError } from './claimed.ts';
import type { Mounter } from './mounts.ts';
import type { PersistentVolumes } from './persistent.ts';
import type { Volumes } from './port.ts';
import { VolumeError } from './port.ts';
import { Projection, type Projected } from './projection.ts';
import type { PodTokens } from './tokens.ts';
import { resolveSubPath } from './sub-path.ts';

export interface DiskVolumesOptions {
  /** Pods have their directories here, by uid; volumes are below `volumes` in each, other files of the pod beside it. */
  root: string;
  /** A file system in memory is mounted here, for what must not be on the disk; pods have directories in it by uid. */
  memory: string;
  configMaps: View<ConfigMap>;
  secrets: View<Secret>;
  persistent: PersistentVolumes;
  mounter: Mounter;
  tokens: PodTokens;
  /** What a file of the downward API holds. Throws an Error for what can't be told. */
  describe: (pod: Pod, file: DownwardAPIVolumeFile) => string;
}

type Kind = 'emptyDir' | 'hostPath' | 'configMap' | 'secret' | 'downwardAPI' | 'projected';
const KINDS: readonly Kind[] = ['emptyDir', 'hostPath', 'configMap', 'secret', 'downwardAPI', 'projected'];

export class DiskVolumes implements Volumes {
  private readonly options: DiskVolumesOptions;
  private readonly projection: Projection;
  private memory: Promise<void> | undefined;

  constructor(options: DiskVolumesOptions) {
    this.options = options;
    this.projection = new Projection(options);
  }

  async mount(pod: Pod): Promise<number | undefined> {
    await mkdir(this.volumesOf(pod.metadata.uid ?? ''), { recursive: true, mode: 0o750 });
    return this.each(pod, (volume) => this.mountOne(pod, volume));
  }

  async refresh(pod: Pod): Promise<number | undefined> {
    return this.each(pod, (volume) => (isWritten(volume) ? this.write(pod, volume) : Promise.resolve(undefined)));
  }

  /** Returns the earliest of the times that `work` does. */
  private async each(pod: Pod, work: (volume: Volume) => Promise<number | undefined>): Promise<number | undefined> {
    let earliest: number | undefined;
    for (const volume of pod.spec.volumes ?? []) {
      const at = await explain(volume, () => work(volume));
      if (at !== undefined) earliest = Math.min(earliest ?? Infinity, at);
    }
    return earliest;
  }

  async mountsFor(
    pod: Pod,
    container: Container,
    expand: (text: string) => string,
  ): Promise<ContainerConfig['mounts']> {
    const mounts: ContainerConfig['mounts'] = [];
    for (const mount of container.volumeMounts ?? []) mounts.push(await this.mountOf(pod, mount, expand));
    return mounts;
  }

  async unmount(uid: string): Promise<void> {
    const directory = this.volumesOf(uid);
    const { mounter } = this.options;
    for (const point of await mounter.mountsBelow(directory)) await mounter.unmount(point);
    // Never delete through a mount that would not go: it may be anything.
    const left = await mounter.mountsBelow(directory);
    if (left.length > 0) throw new VolumeError(`still mounted: ${left.join(', ')}`);
    await rm(directory, { recursive: true, force: true });
    await rm(this.memoryOf(uid), { recursive: true, force: true });
    this.options.tokens.forget(uid);
    await rmdir(path.dirname(directory)).catch(ignoreKept);
  }

  async leftovers(): Promise<string[]> {
    const { root, memory } = this.options;
    const names = await Promise.all([root, memory].map((directory) => readdir(directory).catch(ignoreMissing)));
    return [...new Set(names.flatMap((found) => found ?? []))];
  }

  // --- one volume --------------------------------------------------------------------------------------------------

  private async mountOne(pod: Pod, volume: Volume): Promise<number | undefined> {
    if (claimOf(pod, volume) !== undefined) {
      await this.options.persistent.mount(pod, volume);
      return undefined;
    }
    const kind = kindOf(volume);
    if (kind === 'hostPath') {
      if (volume.hostPath) await prepareHostPath(volume.hostPath);
      return undefined;
    }
    if (holdsSecrets(volume)) await this.ensureMemory();
    const directory = this.directoryOf(pod, volume);
    const made = await mkdir(directory, { recursive: true, mode: 0o755 });
    if (kind === 'emptyDir') {
      await this.mountEmptyDir(pod, directory, volume.emptyDir ?? {}, made !== undefined);
      return undefined;
    }
    return this.write(pod, volume);
  }

  /** What a container has made of the permissions since stays as it is. */
  private async mountEmptyDir(
    pod: Pod,
    directory: string,
    { medium = '', sizeLimit }: EmptyDirVolumeSource,
    isMade: boolean,
  ): Promise<void> {
    if (medium !== '' && medium !== 'Memory') throw new VolumeError(`emptyDir medium ${medium} is not supported`);
    let isNew = isMade;
    if (medium === 'Memory') {
      const limit = sizeLimit === undefined ? 0 : bytesOf(sizeLimit);
      isNew = await this.ensureTmpfs(directory, limit > 0 ? `mode=0777,size=${limit}` : 'mode=0777');
    }
    if (!isNew) return;
    const group = pod.spec.securityContext?.fsGroup;
    if (group !== undefined) await chown(directory, 0, group);
    // The group's bit makes what is created in it belong to the group too.
    await chmod(directory, group === undefined ? 0o777 : 0o2777);
  }

  /** Looked for once: nobody but this agent mounts there, and it stays for as long as the host runs. */
  private ensureMemory(): Promise<void> {
    this.memory ??= this.mountMemory().catch((error: unknown) => {
      this.memory = undefined;
      throw error;
    });
    return this.memory;
  }

  private async mountMemory(): Promise<void> {
    const { memory } = this.options;
    await mkdir(memory, { recursive: true, mode: 0o750 });
    await this.ensureTmpfs(memory, 'mode=0750');
  }

  /** Returns whether it was mounted only now. */
  private async ensureTmpfs(directory: string, options: string): Promise<boolean> {
    const { mounter } = this.options;
    const mounts = await mounter.mountsBelow(directory);
    if (mounts.includes(directory)) return false;
    await mounter.mountTmpfs(directory, options);
    return true;
  }

  private async write(pod: Pod, volume: Volume): Promise<number | undefined> {
    const directory = this.directoryOf(pod, volume);
    const { files, renewAt } = await this.filesOf(pod, volume, directory);
    await writePayload(directory, files, pod.spec.securityContext?.fsGroup);
    return renewAt;
  }

  private async filesOf(pod: Pod, volume: Volume, directory: string): Promise<Projected> {
    const { configMap, secret, downwardAPI, projected } = volume;
    if (projected) return this.projection.project(pod, projected.sources ?? [], projected.defaultMode, directory);
    return { files: this.singleSource(pod, { configMap, secret, downwardAPI }), renewAt: undefined };
  }

  private singleSource(
    pod: Pod,
    { configMap, secret, downwardAPI }: Pick<Volume, 'configMap' | 'secret' | 'downwardAPI'>,
  ): Projected['files'] {
    if (configMap) return this.projection.ofConfigMap(pod, configMap, configMap.defaultMode);
    if (downwardAPI) return this.projection.downward(pod, downwardAPI.items, downwardAPI.defaultMode);
    return this.projection.ofSecret(pod, { ...secret, name: secret?.secretName ?? '' }, secret?.defaultMode);
  }

  private async mountOf(
    pod: Pod,
    mount: VolumeMount,
    expand: (text: string) => string,
  ): Promise<ContainerConfig['mounts'][0]> {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
    if (!volume) throw new VolumeError(`volume "${mount.name}" is not defined`);
    const { path: source, isReadOnly } = await this.sourceOf(pod, volume);
    const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr);
    const hostPath = subPath === undefined || subPath === '' ? source : await resolveSubPath(source, subPath);
    if (volume.hostPath && hostPath === source) await makeUntyped(volume.hostPath);
    return {
      containerPath: mount.mountPath,
      hostPath,
      readonly: (mount.readOnly ?? false) || isReadOnly,
      propagation: (mount.mountPropagation ?? 'None') as 'None' | 'HostToContainer' | 'Bidirectional',
    };
  }

  private async sourceOf(pod: Pod, volume: Volume): Promise<{ path: string; isReadOnly: boolean }> {
    if (claimOf(pod, volume) !== undefined) return this.options.persistent.mounted(pod, volume);
    return { path: this.directoryOf(pod, volume), isReadOnly: isWritten(volume) };
  }

  private directoryOf(pod: Pod, volume: Volume): string {
    if (volume.hostPath) return volume.hostPath.path;
    const { uid = '' } = pod.metadata;
    const place = holdsSecrets(volume) ? this.memoryOf(uid) : this.volumesOf(uid);
    return path.join(place, kindOf(volume), volume.name);
  }

  private memoryOf(uid: string): string {
    checkUid(uid);
    return path.join(this.options.memory, uid);
  }

  private volumesOf(uid: string): string {
    checkUid(uid);
    return path.join(this.options.root, uid, 'volumes');
  }
}

function checkUid(uid: string): void {
  if (!/^[\w.-]+$/.test(uid) || uid === '.' || uid === '..') throw new VolumeError(`"${uid}" is no uid`);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

/** The pod's directory stays while other files of it are there. */
function ignoreKept(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
}

/** Whether its files are written here, and by nobody else. */
function isWritten({ configMap, secret, downwardAPI, projected }: Volume): boolean {
  return [configMap, secret, downwardAPI, projected].some((source) => source !== undefined);
}

/** What must never be found on the disk. */
function holdsSecrets({ secret, projected }: Volume): boolean {
  return secret !== undefined || (projected?.sources ?? []).some((each) => each.secret ?? each.serviceAccountToken);
}

function kindOf(volume: Volume): Kind {
  const kind = KINDS.find((name) => volume[name] !== undefined);
  if (kind) return kind;
  const named = Object.keys(volume).find((key) => key !== 'name');
  if (named === undefined) return 'emptyDir';
  if (volume.csi) {
    throw new VolumeError(`driver name ${volume.csi.driver} not found in the list of registered CSI drivers`);
  }
  throw new VolumeError(`${named} volumes are not supported by this node`);
}

/** Whatever goes wrong with a volume is told in its name, as kubelet words it. */
async function explain<T>(volume: Volume, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MountError) throw error;
    const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`;
    throw new VolumeError(message, { cause: error });
  }
}
