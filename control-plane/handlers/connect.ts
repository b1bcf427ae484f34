/** Streams and proxies are admitted as well, as CONNECT of a subresource; what is admitted are the options they are opened with. */
import type { KubeObject } from '../../api/object.ts';
import type { AdmissionRequest } from '../registry/admission.ts';
import { askedBy } from './asked.ts';
import type { ResourceExchange, ResourceHandler } from './port.ts';

const FLAGS = ['stdin', 'stdout', 'stderr', 'tty'];

/** `optionsKind`: such as PodExecOptions. */
export function connecting(optionsKind: string, handler: ResourceHandler): ResourceHandler {
  return async (exchange, options) => {
    const { admission } = options.resources;
    const request = requestOf(exchange, optionsKind);
    await admission.mutate(request);
    await admission.validate(request);
    await handler(exchange, options);
  };
}

function requestOf(exchange: ResourceExchange, kind: string): AdmissionRequest {
  const { resource, target } = exchange;
  const [subresource] = target.subresource.split('/');
  return {
    operation: 'CONNECT',
    kind: resource.kind,
    objectKind: { group: '', version: 'v1', kind },
    namespace: target.namespace,
    name: target.name,
    subresource,
    object: { kind, apiVersion: 'v1', ...optionsOf(exchange) } as unknown as KubeObject,
    previous: undefined,
    dryRun: false,
    user: exchange.user,
    ...askedBy(exchange),
  };
}

function optionsOf({ info: { query }, target }: ResourceExchange): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const flag of FLAGS) if (query.has(flag)) options[flag] = query.get(flag) === 'true' || query.get(flag) === '1';
  const container = query.get('container');
  if (container) options['container'] = container;
  if (query.has('command')) options['command'] = query.getAll('command');
  if (query.has('ports')) options['ports'] = query.getAll('ports').map(Number);
  const slash = target.subresource.indexOf('/');
  if (slash >= 0) options['path'] = target.subresource.slice(slash);
  return options;
}
