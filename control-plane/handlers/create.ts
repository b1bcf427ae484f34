import { decodeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { representationOf, sendObject } from './represent.ts';
import { parseWriteOptions } from './write-options.ts';

/** POST to a collection. */
export async function create(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  // What can't be answered is refused before anything is written.
  representationOf(exchange, options);
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'CreateOptions');
  const object = await decodeObject(exchange, options, fieldValidation);
  await sendObject(exchange, options, 201, await exchange.resource.create(object, write));
}
