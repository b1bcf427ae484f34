import type { TokenRequest } from '../../api/types/authentication.v1.ts';
import { writeValue } from '../http/respond.ts';
import { admitCreation } from './admit-creation.ts';
import { decodeBody, placeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = {
  typeName: 'io.k8s.api.authentication.v1.TokenRequest',
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
};

/** POST of a service account's token: makes one. Nothing is stored. */
export async function requestToken(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, user, dryRun } = parseWriteOptions(exchange, 'CreateOptions');
  const request = await decodeBody<TokenRequest>(exchange, options, EXPECTED, fieldValidation);
  placeObject(exchange, request);
  await admitCreation(exchange, options, request, { ...EXPECTED, dryRun });
  const { namespace, name } = exchange.target;
  const issued = await options.tokenRequests.issue(namespace, name, request, user);
  await writeValue(exchange, options.protobuf, 201, EXPECTED.typeName, issued);
}
