/** From a config map or a secret to the files of a volume. */
import type { ConfigMap, KeyToPath, Secret } from '../../api/types/core.v1.ts';
import type { PayloadFile } from './atomic-writer.ts';
import { VolumeError } from './port.ts';

export interface PayloadOptions {
  readonly items: readonly KeyToPath[] | undefined;
  readonly defaultMode: number;
  readonly optional: boolean;
  /** For messages: `ConfigMap default/settings`. */
  readonly what: string;
}

export function configMapData(configMap: ConfigMap): Map<string, Buffer> {
  const text = Object.entries(configMap.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
  const binary = Object.entries(configMap.binaryData ?? {}).map(([key, value]) => [key, fromBase64(value)] as const);
  return new Map([...text, ...binary]);
}

export function secretData(secret: Secret): Map<string, Buffer> {
  return new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, fromBase64(value)]));
}

/** Without items every key is a file; with them only those named, and a missing one is an error unless optional. */
export function payloadOf(data: ReadonlyMap<string, Buffer>, options: PayloadOptions): Map<string, PayloadFile> {
  const { items, defaultMode, optional, what } = options;
  if (!items) return new Map([...data].map(([key, value]) => [key, { data: value, mode: defaultMode }]));
  const files = new Map<string, PayloadFile>();
  for (const { key, path, mode = defaultMode } of items) {
    const value = data.get(key);
    if (value !== undefined) files.set(cleanPath(path), { data: value, mode });
    else if (!optional) throw new VolumeError(`references non-existent ${what} key: ${key}`);
  }
  return files;
}

/** Without empty parts. Throws {@link VolumeError} for one that leads out of the volume. */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || parts[0]?.startsWith('..')) {
    throw new VolumeError(`path "${path}" must stay within the volume`);
  }
  return parts.join('/');
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
