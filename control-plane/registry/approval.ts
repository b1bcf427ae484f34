/** The decision about a request for a certificate: its conditions change, and nothing that was asked for. */
import { invalid, modified } from '../../api/errors.ts';
import type { CertificateSigningRequest } from '../../api/schema/types/certificates.v1.ts';
import { validateApproval } from '../../api/validation/certificates.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import { validateMetadata, validateMetadataUpdate } from '../../api/validation/metadata.ts';
import { checkPathSegment } from '../../api/machinery/names.ts';
import { withTimes } from '../certificates/conditions.ts';
import type { Resource, WriteOptions } from './port.ts';

/**
 * `decide` gets the request as it is, and returns it with the conditions and the metadata that it shall have; it may throw a
 * StatusError. `now` is as in objects.
 */
export function approveRequest(
  resource: Resource<CertificateSigningRequest>,
  name: string,
  decide: (current: CertificateSigningRequest) => CertificateSigningRequest,
  now: string,
  options: WriteOptions = {},
): Promise<CertificateSigningRequest> {
  const change = (current: CertificateSigningRequest): CertificateSigningRequest => {
    const wanted = decide(current);
    const version = wanted.metadata.resourceVersion;
    if (version && version !== current.metadata.resourceVersion) throw modified(resource.kind, name);
    const conditions = withTimes(wanted.status?.conditions ?? [], current.status?.conditions ?? [], now);
    const { conditions: _former, ...status } = current.status ?? {};
    const next = {
      ...current,
      metadata: wanted.metadata,
      status: { ...status, ...(conditions.length > 0 ? { conditions } : {}) },
    };
    const errors = new FieldErrors();
    validateMetadata(errors, next.metadata, { namespaced: false, checkName: checkPathSegment });
    validateMetadataUpdate(errors, next.metadata, current.metadata);
    errors.list.push(...validateApproval(next, current));
    if (errors.list.length > 0) throw invalid(resource.kind, name, errors.list);
    return next;
  };
  return resource.rewrite('', name, change, options);
}
