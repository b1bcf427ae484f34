/** Which requests webhooks and policies are about. */
import { checkPathSegment } from '../../machinery/names.ts';
import type { NamedRuleWithOperations, RuleWithOperations } from '../../types/admissionregistration.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const SCOPES = ['*', 'Cluster', 'Namespaced'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

export function validateRule(errors: FieldErrors, rule: RuleWithOperations, path: string): void {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  needsSome(errors, operations, `${path}.operations`, 'operations');
  operations.forEach((operation, index) => {
    if (!OPERATIONS.includes(operation)) errors.notSupported(`${path}.operations[${index}]`, operation, OPERATIONS);
  });
  needsSome(errors, apiGroups, `${path}.apiGroups`, 'API groups');
  needsSome(errors, apiVersions, `${path}.apiVersions`, 'API versions');
  apiVersions.forEach((version, index) => {
    if (version === '') errors.required(`${path}.apiVersions[${index}]`);
  });
  validateResources(errors, resources, `${path}.resources`);
  if (scope !== undefined && !SCOPES.includes(scope)) errors.notSupported(`${path}.scope`, scope, SCOPES);
}

export function validateNamedRule(errors: FieldErrors, rule: NamedRuleWithOperations, path: string): void {
  const names = new Set<string>();
  rule.resourceNames?.forEach((name, index) => {
    const at = `${path}.resourceNames[${index}]`;
    errors.invalidEach(at, name, checkPathSegment(name));
    if (names.has(name)) errors.duplicate(at, name);
    names.add(name);
  });
  validateRule(errors, rule, path);
}

function needsSome(errors: FieldErrors, values: readonly string[], path: string, what: string): void {
  if (values.length === 0) errors.required(path);
  if (values.length > 1 && values.includes('*')) {
    errors.invalid(path, values, `if '*' is present, must not specify other ${what}`);
  }
}

function validateResources(errors: FieldErrors, resources: readonly string[], path: string): void {
  if (resources.length === 0) errors.required(path);
  const all = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  resources.forEach((text, index) => {
    const at = `${path}[${index}]`;
    if (text === '') return errors.required(at);
    const slash = text.indexOf('/');
    if (slash < 0) {
      plain = text !== '*';
      return;
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (all.has(resource)) errors.invalid(at, text, `if '${resource}/*' is present, must not specify ${text}`);
    if (everywhere.has(subresource)) {
      errors.invalid(at, text, `if '*/${subresource}' is present, must not specify ${text}`);
    }
    if (subresource === '*') all.add(resource);
    if (resource === '*') everywhere.add(subresource);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.invalid(path, resources, "if '*/*' is present, must not specify other resources");
  }
  if (plain && resources.includes('*')) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    errors.invalid(path, resources, detail);
  }
}
