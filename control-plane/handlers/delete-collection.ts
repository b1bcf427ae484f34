import { encodeAs } from '../http/answer-encoder.ts';
import { MEDIA_TYPES } from '../http/negotiate.ts';
import { writeBytes } from '../http/respond.ts';
import { readDeleteOptions } from './delete-options.ts';
import { listType } from './list-body.ts';
import { parseListOptions } from './list-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { metadataOf, representationOf, tableOf, typeNameOf } from './represent.ts';
import { parseSelection } from './selection.ts';

/** DELETE of a collection, or of what the selectors leave of it: answers with a list of what was deleted. */
export async function deleteCollection(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { resource, target, info } = exchange;
  const { kind } = resource;
  const form = representationOf(exchange, options);
  const { labelSelector, fieldSelector } = parseListOptions(info.query, false);
  const selection = parseSelection(kind, labelSelector, fieldSelector);
  const request = await readDeleteOptions(exchange, options);
  const namespace = target.namespace === '' ? undefined : target.namespace;
  const deleted = await resource.deleteCollection(namespace, (object) => selection.matches(object), request);
  const metadata = { resourceVersion: String(resource.cache.revision) };
  const items = form.as === 'metadata' ? deleted.map((object) => metadataOf(object, form.version)) : deleted;
  const [typeName, list] =
    form.as === 'table'
      ? [typeNameOf(kind, form), tableOf(kind, options, form, deleted, metadata)]
      : [`${typeNameOf(kind, form)}List`, { ...listType(kind, form), metadata, items }];
  const bytes = encodeAs(form.encoding, options.protobuf, typeName, list);
  await writeBytes(exchange, 200, bytes, MEDIA_TYPES[form.encoding]);
}
