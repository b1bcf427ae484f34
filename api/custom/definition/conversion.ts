/** How a definition says its versions are converted. */
import { checkDns1035Label } from '../../machinery/names.ts';
import type { CustomResourceConversion, WebhookClientConfig } from '../../types/apiextensions.v1.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';

const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export function validateConversion(errors: FieldErrors, conversion: CustomResourceConversion, path: string): void {
  const { strategy, webhook } = conversion;
  errors.oneOf(`${path}.strategy`, strategy, ['None', 'Webhook']);
  if (strategy !== 'Webhook') {
    if (webhook) errors.forbidden(`${path}.webhook`, 'should not be set when strategy is not set to Webhook');
    return;
  }
  const client = webhook?.clientConfig;
  if (!client) errors.required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook');
  else validateClient(errors, client, `${path}.webhookClientConfig`);
  validateReviewVersions(errors, webhook?.conversionReviewVersions ?? [], `${path}.conversionReviewVersions`);
}

function validateClient(errors: FieldErrors, { url, service }: WebhookClientConfig, path: string): void {
  if ((url === undefined) === (service === undefined)) {
    errors.required(path, 'exactly one of url or service is required');
    return;
  }
  if (url !== undefined) validateUrl(errors, url, `${path}.url`);
  if (!service) return;
  for (const field of ['name', 'namespace'] as const) {
    if (!service[field]) errors.required(`${path}.service.${field}`, `service ${field} is required`);
  }
  if (service.port !== undefined && (service.port < 1 || service.port > 65_535)) {
    errors.invalid(`${path}.service.port`, service.port, 'port is not valid: must be between 1 and 65535, inclusive');
  }
  if (service.path && !/^(\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?)*\/?$/.test(service.path)) {
    errors.invalid(`${path}.service.path`, service.path, "segments must be lower case names between '/'");
  }
}

const FORM = 'desired format: https://host[/path]';

function validateUrl(errors: FieldErrors, text: string, path: string): void {
  if (!URL.canParse(text)) {
    errors.required(path, `url must be a valid URL: ${FORM}`);
    return;
  }
  const { protocol, host, username, password, hash, search } = new URL(text);
  if (protocol !== 'https:') {
    errors.invalid(path, protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${FORM}`);
  }
  if (host === '') errors.invalid(path, '', `host must be specified; ${FORM}`);
  if (username !== '' || password !== '')
    errors.invalid(path, username, 'user information is not permitted in the URL');
  if (hash !== '') errors.invalid(path, hash.slice(1), 'fragments are not permitted in the URL');
  if (search !== '') errors.invalid(path, search.slice(1), 'query parameters are not permitted in the URL');
}

function validateReviewVersions(errors: FieldErrors, versions: readonly string[], path: string): void {
  if (versions.length === 0) {
    errors.required(path);
    return;
  }
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) errors.invalid(`${path}[${index}]`, version, 'duplicate version');
    else errors.invalidEach(`${path}[${index}]`, version, checkDns1035Label(version));
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
  }
}
