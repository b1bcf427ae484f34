/** The approval of a request for a certificate, by those who may approve for its signer. */
import { forbidden } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { CertificateSigningRequest } from '../../api/schema/types/certificates.v1.ts';
import { mayActFor } from '../certificates/rights.ts';
import { approveRequest } from '../registry/approval.ts';
import { checkPreconditions, decodeObject, placeObject } from './decode-body.ts';
import { readPatch } from './patch.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { sendObject } from './represent.ts';
import { parseWriteOptions } from './write-options.ts';

/** PUT of the approval. */
export async function updateApproval(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'UpdateOptions');
  const wanted = (await decodeObject(exchange, options, fieldValidation)) as CertificateSigningRequest;
  await store(exchange, options, dryRun, (current) => {
    checkPreconditions(exchange, current, wanted.metadata);
    return wanted;
  });
}

/** PATCH of the approval. */
export async function patchApproval(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'PatchOptions');
  const { type, body } = await readPatch(exchange, fieldValidation, options);
  const { schema } = kinds.certificatesigningrequests;
  await store(exchange, options, dryRun, (current) => {
    const { object } = options.patcher.apply<CertificateSigningRequest>(schema, type, current, body, fieldValidation);
    placeObject(exchange, object);
    return object;
  });
}

async function store(
  exchange: ResourceExchange,
  options: HandlerOptions,
  dryRun: boolean,
  change: (current: CertificateSigningRequest) => CertificateSigningRequest,
): Promise<void> {
  const { user, target } = exchange;
  const decide = (current: CertificateSigningRequest): CertificateSigningRequest => {
    const { signerName } = current.spec;
    if (!user || !mayActFor(options.authorizers, user, 'approve', signerName)) {
      const why = `user not permitted to approve requests with signerName "${signerName}"`;
      throw forbidden(kinds.certificatesigningrequests, target.name, why);
    }
    return change(current);
  };
  const now = formatTime(options.clock.date().getTime());
  const resource = options.resources.of(kinds.certificatesigningrequests);
  await sendObject(exchange, options, 200, await approveRequest(resource, target.name, decide, now, { dryRun }));
}
