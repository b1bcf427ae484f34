import { badRequest } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import type { Binding } from '../../api/types/core.v1.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import { bindPod } from '../registry/binding.ts';
import { STATUS_TYPE } from '../http/answer-encoder.ts';
import { writeValue } from '../http/respond.ts';
import { admitCreation } from './admit-creation.ts';
import { decodeBody, placeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.core.v1.Binding', apiVersion: 'v1', kind: 'Binding' };

/** POST of a pod's binding: gives it its node, once. */
export async function bind(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'CreateOptions');
  const binding = await decodeBody<Binding>(exchange, options, EXPECTED, fieldValidation);
  const { name } = exchange.target;
  if (binding.metadata.name && binding.metadata.name !== name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  placeObject(exchange, binding);
  await admitCreation(exchange, options, binding, { ...EXPECTED, dryRun });
  await bindPod(options.resources.of(kinds.pods), binding, options.clock.date(), { dryRun });
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  await writeValue(exchange, options.protobuf, 201, STATUS_TYPE, status);
}
