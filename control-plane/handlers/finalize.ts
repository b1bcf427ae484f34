import type { Namespace } from '../../api/schema/types/core.v1.ts';
import { checkPreconditions, decodeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { sendObject } from './represent.ts';
import { parseWriteOptions } from './write-options.ts';

/** PUT of a namespace's finalizers; when none is left of one that is being deleted, it is gone. */
export async function finalize(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'UpdateOptions');
  const wanted = (await decodeObject(exchange, options, fieldValidation)) as Namespace;
  const { finalizers } = wanted.spec ?? {};
  const result = await exchange.resource.rewrite(
    '',
    exchange.target.name,
    (current) => {
      checkPreconditions(exchange, current, wanted.metadata);
      const namespace = current as Namespace;
      return { ...namespace, spec: { ...namespace.spec, finalizers: finalizers ?? [] } };
    },
    { dryRun },
  );
  await sendObject(exchange, options, 200, result);
}
