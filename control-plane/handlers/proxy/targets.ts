/** What `pods/NAME/proxy`, `services/NAME/proxy` and `nodes/NAME/proxy` lead to. */
import { badRequest, notFound, unreachable } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { objectKey } from '../../../api/object.ts';
import type { Node, Pod, Service } from '../../../api/types/core.v1.ts';
import type { NodeAddress } from '../../nodes/dial.ts';
import { readyTargets } from '../../nodes/service-endpoints.ts';
import type { HandlerOptions, ResourceExchange } from '../port.ts';

export interface ProxyTarget {
  readonly to: NodeAddress;
  readonly scheme: 'http' | 'https';
}

/** `[scheme:]name[:port]`. */
interface Named {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** Throws BadRequest, NotFound or ServiceUnavailable. */
export async function proxyTarget(exchange: ResourceExchange, options: HandlerOptions): Promise<ProxyTarget> {
  const { resource, target } = exchange;
  const named = parseName(target.name, resource.kind.singular);
  await resource.cache.whenFresh(exchange.signal);
  const cached = await resource.cache.get(objectKey(target.namespace, named.name));
  if (!cached) throw notFound(resource.kind, named.name);
  const { scheme } = named;
  switch (resource.kind.plural) {
    case 'pods':
      return { scheme, to: ofPod(cached.object as Pod, named.port) };
    case 'nodes':
      return { scheme: 'http', to: ofNode(cached.object as Node, named.port) };
    default:
      return { scheme, to: ofService(cached.object as Service, named.port, options) };
  }
}

function parseName(text: string, what: string): Named {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) {
    throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

function portNumber(text: string): number | undefined {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

function ofPod({ metadata, spec, status }: Pod, text: string): NodeAddress {
  const address = status?.podIP;
  if (!spec.nodeName || !address) throw badRequest(`pod ${metadata.name} has no address yet`);
  if (text === '') {
    const first = spec.containers.flatMap(({ ports = [] }) => ports)[0];
    return { node: spec.nodeName, address, port: first?.containerPort ?? 80 };
  }
  const port = portNumber(text);
  if (port === undefined) throw badRequest(`invalid port ${JSON.stringify(text)} of pod ${metadata.name}`);
  return { node: spec.nodeName, address, port };
}

/** Of a node only what its agent serves can be reached. */
function ofNode({ metadata, status }: Node, text: string): NodeAddress {
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port || 10_250;
  if (text !== '' && portNumber(text) !== port) {
    throw badRequest(`only the agent's own port ${port} of node ${metadata.name} can be reached`);
  }
  return { node: metadata.name ?? '', address: '', port };
}

function ofService(service: Service, text: string, { resources, random }: HandlerOptions): NodeAddress {
  const { name = '', namespace = '' } = service.metadata;
  const portName = nameOfPort(service, text);
  const slices = resources.of(kinds.endpointslices).view.byIndex('service', objectKey(namespace, name));
  // What is no pod is not dialled for whoever may make endpoints.
  const candidates = readyTargets(slices, portName).filter(({ nodeName }) => nodeName !== undefined);
  const chosen = candidates[Math.floor(random() * candidates.length)];
  if (!chosen) throw unreachable(`no endpoints available for service ${JSON.stringify(name)}`);
  return { node: chosen.nodeName ?? '', address: chosen.address, port: chosen.port };
}

/** The slices know ports by name; a client may say the number that the service has for it. */
function nameOfPort({ metadata, spec }: Service, text: string): string {
  const number = portNumber(text);
  if (number === undefined) return text;
  const found = spec.ports?.find(({ port }) => port === number);
  if (!found) throw unreachable(`no service port ${number} found for service ${JSON.stringify(metadata.name)}`);
  return found.name ?? '';
}
