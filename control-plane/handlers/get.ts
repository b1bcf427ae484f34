import { notFound } from '../../api/errors.ts';
import { objectKey, type KubeObject } from '../../api/object.ts';
import type { Cached } from '../cacher/port.ts';
import { parseRevision } from './list-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { sendCached } from './represent.ts';

/** GET of one object. Without a resourceVersion it is as new as the store; with one at least as new as that. */
export async function get(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  await sendCached(exchange, options, await readCached(exchange));
}

export async function readCached(exchange: ResourceExchange): Promise<Cached<KubeObject>> {
  const { resource, target, info, signal } = exchange;
  const wanted = info.query.get('resourceVersion') ?? '';
  const revision = parseRevision(wanted);
  if (revision !== undefined) await resource.cache.waitFor(revision, signal);
  else if (wanted === '') await resource.cache.whenFresh(signal);
  const cached = await resource.cache.get(objectKey(target.namespace, target.name));
  if (!cached) throw notFound(resource.kind, target.name);
  return cached;
}
