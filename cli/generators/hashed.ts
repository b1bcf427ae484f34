/** `--append-hash`: a hash of what a config map or secret holds, at the end of its name. */
import type { ConfigMap, Secret } from '../../api/types/core.v1.ts';
import { toggle } from '../flags.ts';
import { contentHash } from '../content-hash.ts';

export const appendHashFlag = toggle('Append a hash of the object to its name.');

export function withHash<T extends ConfigMap | Secret>(object: T): T {
  const { kind = '', metadata, data, immutable } = object;
  const { name } = metadata;
  const { binaryData, type = '' } = object as { binaryData?: object; type?: string };
  const hash = contentHash({
    kind,
    name,
    data: data ?? {},
    ...(immutable === undefined ? {} : { immutable }),
    ...(kind === 'Secret' ? { type } : binaryData ? { binaryData } : {}),
  });
  return { ...object, metadata: { ...metadata, name: `${name}-${hash}` } };
}
