/** APIService: who serves a version of a group. */
import type { FieldError } from '../../errors.ts';
import { checkDns1035Label, checkDnsSubdomain, checkPathSegment, checkPortNumber } from '../../machinery/names.ts';
import type { APIService } from '../../types/apiregistration.v1.ts';
import { FieldErrors } from '../field-errors.ts';

const MAX_GROUP_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1_000;
const STATUSES = ['True', 'False', 'Unknown'];

export function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const errors = new FieldErrors();
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec;
  const wantedName = `${version}.${group}`;
  const { name = '' } = metadata;
  if (name !== '' && checkPathSegment(name).length === 0 && name !== wantedName) {
    errors.invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wantedName)}`);
  }
  if (group === '' && version !== 'v1') {
    errors.required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
  }
  if (group !== '') errors.check('spec.group', group, checkDnsSubdomain);
  errors.check('spec.version', version, checkDns1035Label);
  validatePriority(errors, groupPriorityMinimum, MAX_GROUP_PRIORITY, 'spec.groupPriorityMinimum');
  validatePriority(errors, versionPriority, MAX_VERSION_PRIORITY, 'spec.versionPriority');
  if (spec.service) validateRemote(errors, spec);
  else validateLocal(errors, spec);
  return errors.list;
}

function validatePriority(errors: FieldErrors, value: number | undefined, most: number, path: string): void {
  if (value !== undefined && value > 0 && value <= most) return;
  errors.invalid(path, value ?? 0, `must be positive and less than ${most}`);
}

function validateLocal(errors: FieldErrors, { caBundle, insecureSkipTLSVerify }: APIService['spec']): void {
  if (caBundle) {
    const bytes = Buffer.from(caBundle, 'base64').length;
    errors.invalid('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle');
  }
  if (insecureSkipTLSVerify) {
    errors.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
  }
}

function validateRemote(errors: FieldErrors, { service, caBundle, insecureSkipTLSVerify }: APIService['spec']): void {
  for (const field of ['namespace', 'name'] as const) if (!service?.[field]) errors.required(`spec.service.${field}`);
  if (service?.port !== undefined) {
    const wrong = checkPortNumber(service.port);
    if (wrong.length > 0) errors.invalid('spec.service.port', service.port, `port is not valid: ${wrong.join(',')}`);
  }
  if (insecureSkipTLSVerify && caBundle) {
    errors.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
  }
}

export function validateApiServiceStatus({ status }: APIService): FieldError[] {
  const errors = new FieldErrors();
  status.conditions?.forEach((condition, index) => {
    if (!STATUSES.includes(condition.status)) {
      errors.notSupported(`status.conditions[${index}].status`, condition.status, STATUSES);
    }
  });
  return errors.list;
}
