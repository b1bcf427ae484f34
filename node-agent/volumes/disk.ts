/** Volumes on the node's disk and memory: emptyDir, hostPath, configMap, secret. Everything of a pod is below one directory. */
import { chmod, chown, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { bytesOf } from '../../api/machinery/quantity.ts';
import { objectKey } from '../../api/object.ts';
import type {
  ConfigMap,
  Container,
  EmptyDirVolumeSource,
  Pod,
  Secret,
  Volume,
  VolumeMount,
} from '../../api/schema/types/core.v1.ts';
import type { View } from '../../lib/view.ts';
import type { ContainerConfig } from '../runtime/port.ts';
import { writePayload } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import type { Mounter } from './mounts.ts';
import type { PayloadOptions } from './payload.ts';
import { configMapData, payloadOf, secretData } from './payload.ts';
import type { Volumes } from './port.ts';
import { VolumeError } from './port.ts';
import { resolveSubPath } from './sub-path.ts';

export interface DiskVolumesOptions {
  /** Pods have their directories here, by uid; volumes are below `volumes` in each, other files of the pod beside it. */
  root: string;
  configMaps: View<ConfigMap>;
  secrets: View<Secret>;
  mounter: Mounter;
}

type Kind = 'emptyDir' | 'hostPath' | 'configMap' | 'secret';
const KINDS: readonly Kind[] = ['emptyDir', 'hostPath', 'configMap', 'secret'];

export class DiskVolumes implements Volumes {
  private readonly options: DiskVolumesOptions;

  constructor(options: DiskVolumesOptions) {
    this.options = options;
  }

  async mount(pod: Pod): Promise<void> {
    await mkdir(this.volumesOf(pod.metadata.uid ?? ''), { recursive: true, mode: 0o750 });
    for (const volume of pod.spec.volumes ?? []) {
      await explain(volume, () => this.mountOne(pod, volume));
    }
  }

  async refresh(pod: Pod): Promise<void> {
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.configMap || volume.secret) await explain(volume, () => this.write(pod, volume));
    }
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
    await rmdir(path.dirname(directory)).catch(ignoreKept);
  }

  async leftovers(): Promise<string[]> {
    return readdir(this.options.root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  // --- one volume --------------------------------------------------------------------------------------------------

  private async mountOne(pod: Pod, volume: Volume): Promise<void> {
    const kind = kindOf(volume);
    if (kind === 'hostPath') {
      if (volume.hostPath) await prepareHostPath(volume.hostPath);
      return;
    }
    const directory = this.directoryOf(pod, volume);
    const made = await mkdir(directory, { recursive: true, mode: 0o755 });
    if (kind === 'emptyDir') await this.mountEmptyDir(pod, directory, volume.emptyDir ?? {}, made !== undefined);
    else {
      if (kind === 'secret') await this.ensureTmpfs(directory, 'mode=0755');
      await this.write(pod, volume);
    }
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

  /** Returns whether it was mounted only now. */
  private async ensureTmpfs(directory: string, options: string): Promise<boolean> {
    const { mounter } = this.options;
    const mounts = await mounter.mountsBelow(directory);
    if (mounts.includes(directory)) return false;
    await mounter.mountTmpfs(directory, options);
    return true;
  }

  private async write(pod: Pod, volume: Volume): Promise<void> {
    const { data, options } = this.dataOf(pod, volume);
    const group = pod.spec.securityContext?.fsGroup;
    await writePayload(this.directoryOf(pod, volume), payloadOf(data, options), group);
  }

  private dataOf(pod: Pod, { configMap, secret }: Volume): { data: Map<string, Buffer>; options: PayloadOptions } {
    const { items, defaultMode = 0o644, optional = false } = configMap ?? secret ?? {};
    const namespace = pod.metadata.namespace ?? '';
    const name = (configMap ? configMap.name : secret?.secretName) ?? '';
    const options = { items, defaultMode, optional, what: configMap ? 'config' : 'secret' };
    const key = objectKey(namespace, name);
    const found = configMap ? this.options.configMaps.get(key) : this.options.secrets.get(key);
    if (!found && !optional) throw new VolumeError(`${configMap ? 'configmap' : 'secret'} "${name}" not found`);
    if (!found) return { data: new Map(), options };
    return { data: configMap ? configMapData(found) : secretData(found), options };
  }

  private async mountOf(
    pod: Pod,
    mount: VolumeMount,
    expand: (text: string) => string,
  ): Promise<ContainerConfig['mounts'][0]> {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
    if (!volume) throw new VolumeError(`volume "${mount.name}" is not defined`);
    const source = this.directoryOf(pod, volume);
    const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr);
    const hostPath = subPath === undefined || subPath === '' ? source : await resolveSubPath(source, subPath);
    if (volume.hostPath && hostPath === source) await this.makeUntyped(volume.hostPath.type, source);
    const isFixed = volume.configMap !== undefined || volume.secret !== undefined;
    return {
      containerPath: mount.mountPath,
      hostPath,
      readonly: (mount.readOnly ?? false) || isFixed,
      propagation: (mount.mountPropagation ?? 'None') as 'None' | 'HostToContainer' | 'Bidirectional',
    };
  }

  /** A hostPath of no type is made as a directory when nothing is there, as container runtimes have always done. */
  private async makeUntyped(type: string | undefined, source: string): Promise<void> {
    if ((type ?? '') !== '') return;
    const isThere = await stat(source).then(
      () => true,
      () => false,
    );
    if (!isThere) await mkdir(source, { recursive: true, mode: 0o755 });
  }

  private directoryOf(pod: Pod, volume: Volume): string {
    if (volume.hostPath) return volume.hostPath.path;
    return path.join(this.volumesOf(pod.metadata.uid ?? ''), kindOf(volume), volume.name);
  }

  private volumesOf(uid: string): string {
    if (!/^[\w.-]+$/.test(uid) || uid === '.' || uid === '..') throw new VolumeError(`"${uid}" is no uid`);
    return path.join(this.options.root, uid, 'volumes');
  }
}

/** The pod's directory stays while other files of it are there. */
function ignoreKept(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
}

function kindOf(volume: Volume): Kind {
  const kind = KINDS.find((name) => volume[name] !== undefined);
  if (kind) return kind;
  const named = Object.keys(volume).find((key) => key !== 'name');
  if (named === undefined) return 'emptyDir';
  throw new VolumeError(`${named} volumes are not supported by this node`);
}

/** Whatever goes wrong with a volume is told in its name, as kubelet words it. */
async function explain(volume: Volume, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`;
    throw new VolumeError(message, { cause: error });
  }
}
