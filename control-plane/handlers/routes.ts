/** Which handler serves which verb of which subresource. */
import { methodNotAllowed, notFoundPath } from '../../api/errors.ts';
import { qualifiedResource, type Kind } from '../../api/kinds.ts';
import type { Verb } from '../http/request-info.ts';
import { bind } from './binding.ts';
import { connecting } from './connect.ts';
import { create } from './create.ts';
import { deleteCollection } from './delete-collection.ts';
import { remove } from './delete.ts';
import { evict } from './eviction.ts';
import { attach, exec } from './exec.ts';
import { get } from './get.ts';
import { list } from './list.ts';
import { log } from './log.ts';
import { patch } from './patch.ts';
import { portForward } from './portforward.ts';
import { proxy } from './proxy/proxy.ts';
import type { ResourceHandler } from './port.ts';
import { getScale, patchScale, updateScale } from './scale.ts';
import { requestToken } from './token.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';

type Verbs = Partial<Record<Verb, ResourceHandler>>;

const OBJECT: Verbs = { get, list, watch, create, update, patch, delete: remove, deletecollection: deleteCollection };
/** A part of the object, in the object's own type. */
const PART: Verbs = { get, update, patch };
const SCALE: Verbs = { get: getScale, update: updateScale, patch: patchScale };

/** Subresources that one kind alone has. exec and attach are asked for by GET (WebSocket) and by POST. */
const OWN: ReadonlyMap<string, Verbs> = new Map([
  ['pods/log', { get: log }],
  ['pods/exec', both(connecting('PodExecOptions', exec))],
  ['pods/attach', both(connecting('PodAttachOptions', attach))],
  ['pods/portforward', both(connecting('PodPortForwardOptions', portForward))],
  ['pods/binding', { create: bind }],
  ['pods/eviction', { create: evict }],
  ['pods/proxy', proxied('PodProxyOptions')],
  ['services/proxy', proxied('ServiceProxyOptions')],
  ['nodes/proxy', proxied('NodeProxyOptions')],
  ['pods/ephemeralcontainers', PART],
  ['pods/resize', PART],
  ['namespaces/finalize', { update }],
  ['serviceaccounts/token', { create: requestToken }],
  ['certificatesigningrequests.certificates.k8s.io/approval', PART],
]);

function both(handler: ResourceHandler): Verbs {
  return { get: handler, create: handler };
}

function proxied(optionsKind: string): Verbs {
  const each = connecting(optionsKind, proxy);
  return { get: each, create: each, update: each, patch: each, delete: each, unknown: each };
}

/** Throws NotFound when the kind has no such subresource, MethodNotAllowed when that has no such verb. */
export function handlerOf(kind: Kind, subresource: string, verb: Verb): ResourceHandler {
  const verbs = verbsOf(kind, subresource);
  if (!verbs) throw notFoundPath();
  const handler = verbs[verb];
  if (!handler) throw methodNotAllowed(kind, verb === 'unknown' ? 'the method' : verb);
  return handler;
}

function verbsOf(kind: Kind, subresource: string): Verbs | undefined {
  if (subresource === '') return OBJECT;
  if (subresource === 'status' && kind.status) return PART;
  if (subresource === 'scale' && kind.scale) return SCALE;
  return OWN.get(`${qualifiedResource(kind)}/${subresource}`);
}
