import { apiVersionOf } from '../../api/kinds.ts';
import { writeJson } from '../server/respond.ts';
import { readDeleteOptions } from './delete-options.ts';
import { parseListOptions } from './list-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { representationOf, tableOf } from './represent.ts';
import { parseSelection } from './selection.ts';

/** DELETE of a collection, or of what the selectors leave of it: answers with a list of what was deleted. */
export async function deleteCollection(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { resource, target, info } = exchange;
  const form = representationOf(exchange);
  const { labelSelector, fieldSelector } = parseListOptions(info.query, false);
  const selection = parseSelection(resource.kind, labelSelector, fieldSelector);
  const request = await readDeleteOptions(exchange, options);
  const namespace = target.namespace === '' ? undefined : target.namespace;
  const items = await resource.deleteCollection(namespace, (object) => selection.matches(object), request);
  const metadata = { resourceVersion: String(resource.cache.revision) };
  if (form.as === 'table') {
    await writeJson(exchange, 200, tableOf(resource.kind, options, form, items, metadata));
    return;
  }
  const { listKind } = resource.kind;
  await writeJson(exchange, 200, { kind: listKind, apiVersion: apiVersionOf(resource.kind), metadata, items });
}
