/** Finds out who answers: a handler of a resource, or an endpoint that is none. */
import { methodNotAllowed, notFoundPath } from '../../api/errors.ts';
import { METRICS_GROUP, METRICS_VERSION, nodeMetrics, podMetrics } from '../handlers/usage.ts';
import { componentStatuses, isComponentStatus, type SystemComponent } from '../handlers/component-status.ts';
import { NodeUsages } from '../handlers/node-usage.ts';
import { answer, type AnsweredKinds } from '../handlers/answered.ts';
import type { HandlerOptions } from '../handlers/port.ts';
import { handlerOf } from '../handlers/routes.ts';
import type { Exchange, Handler } from '../http/exchange.ts';
import { addWarnings } from '../http/respond.ts';
import { isNamedWatch, type RequestInfo, type ResourceRequest } from '../http/request-info.ts';

export interface RouterOptions {
  readonly handlers: HandlerOptions;
  /** What is answered without being stored. */
  readonly answered: AnsweredKinds;
  /** The parts of the control plane of which the API tells how they do. */
  readonly components: readonly SystemComponent[];
  /** By the first segment of the path; '' is the root. */
  readonly endpoints: Readonly<Record<string, Handler>>;
  /** Who passes a request on that another server answers; undefined when none does. */
  readonly elsewhere: (info: RequestInfo) => Handler | undefined;
}

export function router({ handlers, answered, components, endpoints, elsewhere }: RouterOptions): Handler {
  const usages = new NodeUsages(handlers);
  return async (exchange) => {
    const { resource, segments } = exchange.info;
    const asked = resource && answered.find(resource);
    const passOn = elsewhere(exchange.info);
    if (passOn) await passOn(exchange);
    else if (asked) await answer(asked, exchange, handlers);
    else if (!resource) await endpoint(endpoints, exchange, segments[0] ?? '');
    else if (isComponentStatus(resource)) await componentStatuses(exchange, resource, handlers, components);
    else if (resource.group === METRICS_GROUP) await metrics(exchange, resource, handlers, usages);
    else await stored(exchange, resource, handlers);
  };
}

async function stored(exchange: Exchange, target: ResourceRequest, options: HandlerOptions): Promise<void> {
  const { group, version, resource: plural } = target;
  const { resources } = options;
  const resource = resources.find(group, version, plural) ?? (await resources.findFresh(group, version, plural));
  if (!resource) throw notFoundPath();
  const { kind } = resource;
  if (kind.deprecation !== undefined) addWarnings(exchange, [kind.deprecation]);
  const { verb } = exchange.info;
  const isNamespace = kind.group === '' && kind.plural === 'namespaces';
  if (!kind.namespaced && target.namespace !== '' && !isNamespace) throw notFoundPath();
  // One object of a namespaced kind is nowhere without its namespace; a collection without one is that of all.
  const needsNamespace = target.name !== '' || verb === 'create';
  if (kind.namespaced && target.namespace === '' && needsNamespace) throw notFoundPath();
  const needsName = verb === 'update' || verb === 'patch' || target.subresource !== '';
  if (needsName && target.name === '') throw methodNotAllowed(kind, verb);
  // POST to one object has no meaning.
  if (verb === 'create' && target.name !== '' && target.subresource === '') throw methodNotAllowed(kind, verb);
  const handler = handlerOf(kind, target.subresource, isNamedWatch(exchange.info) ? 'watch' : verb);
  const scoped = isNamespace ? { ...target, namespace: '' } : target;
  await handler(Object.assign(exchange, { target: scoped, resource }), options);
}

async function metrics(
  exchange: Exchange,
  target: ResourceRequest,
  options: HandlerOptions,
  usages: NodeUsages,
): Promise<void> {
  if (target.version !== METRICS_VERSION || target.subresource !== '') throw notFoundPath();
  const { verb } = exchange.info;
  if (target.resource !== 'nodes' && target.resource !== 'pods') throw notFoundPath();
  if (verb !== 'get' && verb !== 'list') {
    throw methodNotAllowed({ group: METRICS_GROUP, plural: target.resource, kind: '' }, verb);
  }
  await (target.resource === 'nodes' ? nodeMetrics : podMetrics)(exchange, options, usages);
}

async function endpoint(endpoints: Readonly<Record<string, Handler>>, exchange: Exchange, name: string): Promise<void> {
  const handler = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
  if (!handler) throw notFoundPath();
  if (exchange.info.verb !== 'get') {
    throw methodNotAllowed({ group: '', plural: name, kind: '' }, exchange.info.method);
  }
  await handler(exchange);
}
