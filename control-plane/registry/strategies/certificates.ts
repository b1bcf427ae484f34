/** Requests for certificates: what was asked for never changes; approval and certificate come through subresources. */
import { checkPathSegment } from '../../../api/machinery/names.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { CertificateSigningRequest } from '../../../api/types/certificates.v1.ts';
import {
  validateApproval,
  validateRequest,
  validateRequestStatus,
  validateRequestUpdate,
} from '../../../api/validation/certificates.ts';
import { withTimes } from '../../../api/machinery/request-conditions.ts';
import type { Strategy } from '../strategy.ts';

const DECISIONS: ReadonlySet<string> = new Set(['Approved', 'Denied']);

export const certificateRequestStrategy: Strategy<CertificateSigningRequest> = {
  checkName: checkPathSegment,
  applyDefaults(request) {
    request.spec = {
      ...request.spec,
      request: request.spec?.request ?? '',
      signerName: request.spec?.signerName ?? '',
    };
    request.status ??= {};
  },
  prepareForCreate(request) {
    request.status = {};
  },
  prepareForUpdate(next, previous) {
    next.spec = previous.spec;
  },
  prepareForStatusUpdate(next, previous) {
    next.status = { ...next.status };
    keepDecisions(next.status, previous.status);
  },
  validate: validateRequest,
  validateUpdate: validateRequestUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateRequestStatus,
  parts: {
    approval: {
      fields: ['metadata', 'status.conditions'],
      prepare(next, previous, now) {
        const { conditions: wanted = [] } = next.status ?? {};
        const { conditions: former = [], ...status } = previous.status ?? {};
        const conditions = withTimes(wanted, former, formatTime(now.getTime()));
        next.spec = previous.spec;
        next.status = { ...status, ...(conditions.length > 0 ? { conditions } : {}) };
      },
      validate: validateApproval,
    },
  },
};

/** Who signs decides nothing: the decision stays as it was, in its place. */
function keepDecisions(next: CertificateSigningRequest['status'], previous: CertificateSigningRequest['status']): void {
  const decided = (previous.conditions ?? []).filter(({ type }) => DECISIONS.has(type));
  const others = (next.conditions ?? []).filter(({ type }) => !DECISIONS.has(type));
  const conditions = [...decided, ...others];
  if (conditions.length > 0) next.conditions = conditions;
  else delete next.conditions;
}
