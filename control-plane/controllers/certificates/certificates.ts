/** Looks after requests for certificates. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import { readCertificateRequest } from '../../../lib/certificate-requests.ts';
import { validityOf } from '../../../lib/certificates.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, type Moment, NOTHING, type Plan } from '../controller.ts';
import { planRequest, type RequestSnapshot } from './plan.ts';

export interface CertificateControllerOptions {
  readonly registry: Registry;
  readonly mayHave: RequestSnapshot['mayHave'];
}

export class CertificateController implements Controller {
  readonly name = 'certificate';
  private readonly options: CertificateControllerOptions;

  constructor(options: CertificateControllerOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { view } = this.options.registry.resource(kinds.certificatesigningrequests);
    const end = view.subscribe(({ key }) => enqueue(key));
    for (const request of view.list()) enqueue(keyOf(request));
    return end;
  }

  plan(key: string, { date }: Moment): Plan {
    const { registry, mayHave } = this.options;
    const request = registry.resource(kinds.certificatesigningrequests).view.get(key);
    if (!request || request.metadata.deletionTimestamp) return NOTHING;
    const endOf = (pem: string): number => validityOf(pem).notAfter.getTime();
    return planRequest({ request, read: readCertificateRequest, endOf, mayHave, date });
  }
}
