/** How much work a request will be, by what the caches know. */
import type { Demanded } from '../flowcontrol/work.ts';
import type { ServedCache } from '../cacher/port.ts';
import type { KubeObject } from '../../api/object.ts';
import { isTrue, type RequestInfo } from '../http/request-info.ts';

export interface DemandSources {
  find(
    group: string,
    version: string,
    plural: string,
  ): { readonly cache: Pick<ServedCache<KubeObject>, 'view' | 'watchersOf'> } | undefined;
}

export function demandOf(sources: DemandSources, { verb, query, resource }: RequestInfo): Demanded {
  const cache = resource && sources.find(resource.group, resource.version, resource.resource)?.cache;
  if (!cache) return { verb, objects: 1, watchers: 0 };
  if (verb === 'list' || verb === 'watch')
    return { verb, objects: objectsOf(query, cache.view.size, verb), watchers: 0 };
  // A token is made of an account, which stays as it is.
  if (verb === 'get' || resource.subresource === 'token') return { verb, objects: 1, watchers: 0 };
  const { namespace, name } = resource;
  return { verb, objects: 1, watchers: cache.watchersOf(namespace === '' ? name : `${namespace}/${name}`) };
}

function objectsOf(query: URLSearchParams, stored: number, verb: 'list' | 'watch'): number {
  const fields = query.get('fieldSelector') ?? '';
  if (fields.startsWith('metadata.name=')) return 1;
  if (verb === 'watch') return beginsWithState(query) ? stored : 1;
  const isSelected = fields !== '' || (query.get('labelSelector') ?? '') !== '';
  const limit = Number(query.get('limit') ?? 0);
  // With a selector, all are looked at to find as many.
  return !isSelected && limit > 0 ? Math.min(limit, stored) : stored;
}

function beginsWithState(query: URLSearchParams): boolean {
  if (isTrue(query.get('sendInitialEvents'))) return true;
  const revision = query.get('resourceVersion') ?? '';
  return revision === '' || revision === '0';
}
