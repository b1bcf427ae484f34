/** How a webhook is reached: by a URL, or by a service of the cluster. Custom resources' conversion says it the same way. */
import { checkDnsSubdomain, checkPortNumber } from '../../machinery/names.ts';
import type { ServiceReference, WebhookClientConfig } from '../../types/admissionregistration.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const FORM = '; desired format: https://host[/path]';

export function validateClientConfig(errors: FieldErrors, config: WebhookClientConfig, path: string): void {
  const { url, service } = config;
  if ((url === undefined) === (service === undefined)) {
    errors.required(path, 'exactly one of url or service is required');
  } else if (url !== undefined) validateWebhookUrl(errors, url, `${path}.url`);
  else if (service) validateWebhookService(errors, service, `${path}.service`);
}

export function validateWebhookUrl(errors: FieldErrors, text: string, path: string): void {
  const url = URL.parse(text);
  if (!url) return errors.required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI${FORM}`);
  if (url.protocol !== 'https:') {
    errors.invalid(path, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${FORM}`);
  }
  if (url.host === '') errors.invalid(path, url.host, `host must be specified${FORM}`);
  if (url.username !== '' || url.password !== '') {
    errors.invalid(path, url.username, 'user information is not permitted in the URL');
  }
  if (text.includes('#')) errors.invalid(path, url.hash.slice(1), 'fragments are not permitted in the URL');
  if (url.search !== '') errors.invalid(path, url.search.slice(1), 'query parameters are not permitted in the URL');
}

export function validateWebhookService(errors: FieldErrors, service: ServiceReference, path: string): void {
  if (!service.name) errors.required(`${path}.name`, 'service name is required');
  if (!service.namespace) errors.required(`${path}.namespace`, 'service namespace is required');
  const port = service.port ?? 0;
  if (port < 1 || port > 65_535) {
    errors.invalid(`${path}.port`, port, `port is not valid: ${checkPortNumber(port).join(',')}`);
  }
  if (service.path !== undefined) validatePath(errors, service.path, `${path}.path`);
}

function validatePath(errors: FieldErrors, urlPath: string, path: string): void {
  if (urlPath === '/' || urlPath === '') return;
  if (urlPath === '//') return errors.invalid(path, urlPath, 'segment[0] may not be empty');
  if (!urlPath.startsWith('/')) errors.invalid(path, urlPath, "must start with a '/'");
  const steps = (urlPath.slice(1).endsWith('/') ? urlPath.slice(1, -1) : urlPath.slice(1)).split('/');
  steps.forEach((step, index) => {
    if (step === '') return errors.invalid(path, urlPath, `segment[${index}] may not be empty`);
    for (const wrong of checkDnsSubdomain(step)) errors.invalid(path, urlPath, `segment[${index}]: ${wrong}`);
  });
}
