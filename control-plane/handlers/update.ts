import { authorizeCreation } from './authorize-creation.ts';
import { decodeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { representationOf, sendObject } from './represent.ts';
import { subresourceOf } from './subresource.ts';
import { parseWriteOptions } from './write-options.ts';

/** PUT of one object, or of a part of it that has the object's own type, such as its status. */
export async function update(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  representationOf(exchange, options);
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'UpdateOptions');
  const object = await decodeObject(exchange, options, fieldValidation);
  const subresource = subresourceOf(exchange);
  const uid = object.metadata.uid ? { uid: object.metadata.uid } : {};
  const mayCreate = (): void => authorizeCreation(exchange, options);
  const result = await exchange.resource.put(object, { ...write, ...subresource, ...uid, mayCreate });
  await sendObject(exchange, options, result.created ? 201 : 200, result.object);
}
