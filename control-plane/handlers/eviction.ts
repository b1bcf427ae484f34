import { badRequest } from '../../api/errors.ts';
import type { Eviction } from '../../api/schema/types/policy.v1.ts';
import type { Status } from '../../api/schema/types/meta.v1.ts';
import { writeJson } from '../server/respond.ts';
import { decodeBody } from './decode-body.ts';
import { checked } from './delete-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.policy.v1.Eviction', apiVersion: 'policy/v1', kind: 'Eviction' };

/**
 * POST of a pod's eviction: a deletion that disruption budgets may refuse. Budgets are a kind of their own, not served
 * yet, so there is none that could refuse it; the question has its place here.
 */
export async function evict(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun, user } = parseWriteOptions(exchange, 'CreateOptions');
  const eviction = await decodeBody<Eviction>(exchange, options, EXPECTED, fieldValidation);
  const { namespace, name } = exchange.target;
  if (eviction.metadata.name && eviction.metadata.name !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const asked = checked(eviction.deleteOptions ?? {});
  const isDry = dryRun || asked.dryRun === true;
  await exchange.resource.remove(namespace, name, { ...asked, dryRun: isDry, ...(user ? { user } : {}) });
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  await writeJson(exchange, 201, status);
}
