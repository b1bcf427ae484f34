/** The files of volumes that are put together from several sources, or from the pod itself. */
import path from 'node:path';
import { objectKey } from '../../api/object.ts';
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../api/types/core.v1.ts';
import { readIfPresent } from '../../lib/files.ts';
import type { View } from '../../lib/view.ts';
import type { PayloadFile } from './atomic-writer.ts';
import { cleanPath, configMapData, payloadOf, secretData } from './payload.ts';
import { VolumeError } from './port.ts';
import type { PodTokens } from './tokens.ts';

const DEFAULT_MODE = 0o644;
const TOKEN_MODE = 0o600;

export interface ProjectionOptions {
  readonly configMaps: View<ConfigMap>;
  readonly secrets: View<Secret>;
  readonly tokens: PodTokens;
  /** What a file of the downward API holds. Throws an Error for what can't be told. */
  readonly describe: (pod: Pod, file: DownwardAPIVolumeFile) => string;
}

export interface Projected {
  readonly files: Map<string, PayloadFile>;
  /** When something in it has to be renewed; milliseconds since 1970. */
  readonly renewAt: number | undefined;
}

interface ObjectSource {
  readonly name?: string;
  readonly items?: KeyToPath[];
  readonly optional?: boolean;
}

export class Projection {
  private readonly options: ProjectionOptions;

  constructor(options: ProjectionOptions) {
    this.options = options;
  }

  /** `directory`: where the volume is, and what was written before. A later source wins over an earlier one. */
  async project(
    pod: Pod,
    sources: readonly VolumeProjection[],
    mode: number | undefined,
    directory: string,
  ): Promise<Projected> {
    const defaultMode = mode ?? DEFAULT_MODE;
    const files = new Map<string, PayloadFile>();
    let renewAt: number | undefined;
    for (const { configMap, secret, downwardAPI, serviceAccountToken } of sources) {
      const parts: ReadonlyMap<string, PayloadFile>[] = [];
      if (configMap) parts.push(this.ofConfigMap(pod, configMap, defaultMode));
      if (secret) parts.push(this.ofSecret(pod, secret, defaultMode));
      if (downwardAPI) parts.push(this.downward(pod, downwardAPI.items, defaultMode));
      if (serviceAccountToken) {
        const { name, file, until } = await this.token(pod, serviceAccountToken, defaultMode, directory);
        parts.push(new Map([[name, file]]));
        renewAt = Math.min(renewAt ?? Infinity, until);
      }
      for (const part of parts) for (const [name, file] of part) files.set(name, file);
    }
    return { files, renewAt };
  }

  downward(
    pod: Pod,
    items: readonly DownwardAPIVolumeFile[] | undefined,
    defaultMode = DEFAULT_MODE,
  ): Map<string, PayloadFile> {
    const entries = (items ?? []).map((item): [string, PayloadFile] => [
      cleanPath(item.path),
      { data: Buffer.from(this.options.describe(pod, item)), mode: item.mode ?? defaultMode },
    ]);
    return new Map(entries);
  }

  ofConfigMap(pod: Pod, source: ObjectSource, defaultMode = DEFAULT_MODE): Map<string, PayloadFile> {
    const found = this.options.configMaps.get(objectKey(pod.metadata.namespace ?? '', source.name ?? ''));
    if (!found && !source.optional) throw new VolumeError(`configmap "${source.name}" not found`);
    return files(found ? configMapData(found) : undefined, source, defaultMode, 'config');
  }

  ofSecret(pod: Pod, source: ObjectSource, defaultMode = DEFAULT_MODE): Map<string, PayloadFile> {
    const found = this.options.secrets.get(objectKey(pod.metadata.namespace ?? '', source.name ?? ''));
    if (!found && !source.optional) throw new VolumeError(`secret "${source.name}" not found`);
    return files(found ? secretData(found) : undefined, source, defaultMode, 'secret');
  }

  /** Readable by all only when nothing says for whom it is. */
  private async token(
    pod: Pod,
    wanted: ServiceAccountTokenProjection,
    defaultMode: number,
    directory: string,
  ): Promise<{ name: string; file: PayloadFile; until: number }> {
    const name = cleanPath(wanted.path);
    const present = await readIfPresent(path.join(directory, name));
    const { token, renewAt } = await this.options.tokens.get(pod, wanted, present);
    const owner = userOf(pod);
    const isOwned = owner !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
    const file = {
      data: Buffer.from(token),
      mode: isOwned ? TOKEN_MODE : defaultMode,
      ...(owner === undefined ? {} : { owner }),
    };
    return { name, file, until: renewAt };
  }
}

function files(
  data: Map<string, Buffer> | undefined,
  { items, optional = false }: ObjectSource,
  defaultMode: number,
  what: string,
): Map<string, PayloadFile> {
  return data ? payloadOf(data, { items, defaultMode, optional, what }) : new Map();
}

/** The user as whom every container of the pod runs; undefined when that is not said, or not the same for all. */
function userOf({ spec }: Pod): number | undefined {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const users = new Set(all.map((each) => each.securityContext?.runAsUser ?? spec.securityContext?.runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}
