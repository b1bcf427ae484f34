/** IngressClass: which controller serves an Ingress. */
import type { FieldError } from '../../errors.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../../machinery/names.ts';
import type { IngressClass, IngressClassParametersReference } from '../../types/networking.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateReference } from './ingress.ts';

const MAX_CONTROLLER_BYTES = 250;
const SCOPES = ['Cluster', 'Namespace'];
const PATH_PATTERN = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH = new RegExp(`^${PATH_PATTERN}$`);

export function validateIngressClass({ spec: { controller, parameters } }: IngressClass): FieldError[] {
  const errors = new FieldErrors();
  const at = 'spec.controller';
  if (controller && Buffer.byteLength(controller) > MAX_CONTROLLER_BYTES) errors.tooLong(at, MAX_CONTROLLER_BYTES);
  validateDomainPrefixedPath(errors, controller ?? '', at);
  if (parameters) validateParameters(errors, parameters, 'spec.parameters');
  return errors.list;
}

export function validateIngressClassUpdate(next: IngressClass, previous: IngressClass): FieldError[] {
  const errors = new FieldErrors();
  const { controller } = next.spec;
  errors.immutable('spec.controller', controller === previous.spec.controller, controller);
  return errors.list;
}

/** `example.com/anything` (apimachinery `IsDomainPrefixedPath`). */
function validateDomainPrefixedPath(errors: FieldErrors, value: string, path: string): void {
  if (value === '') {
    errors.required(path);
    return;
  }
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    errors.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  errors.check(path, value.slice(0, slash), checkDnsSubdomain);
  const rest = value.slice(slash + 1);
  if (!PATH.test(rest)) errors.invalid(path, rest, `Invalid path (regex used for validation is '${PATH_PATTERN}')`);
}

function validateParameters(errors: FieldErrors, parameters: IngressClassParametersReference, path: string): void {
  validateReference(errors, parameters, path);
  const { scope, namespace } = parameters;
  if (scope === undefined) errors.required(`${path}.scope`);
  else if (!SCOPES.includes(scope)) errors.notSupported(`${path}.scope`, scope, SCOPES);
  else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'");
  } else if (namespace === undefined) errors.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'");
  else errors.check(`${path}.namespace`, namespace, checkDnsLabel);
}
