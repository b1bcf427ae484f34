/** What webhooks and policies are never asked about: themselves. Otherwise a wrong one could not be taken away again. */
import { ADMISSION_GROUP } from '../../../api/kinds/admissionregistration.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';

export function isExempt({ kind }: AdmissionRequest): boolean {
  return kind.group === ADMISSION_GROUP;
}
