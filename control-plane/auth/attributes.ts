/** What a request wants to do, as authorizers see it. */
import { parseFieldSelector, requiredValue, type FieldRequirement } from '../../api/machinery/field-selectors.ts';
import { checkPathSegment } from '../../api/machinery/names.ts';
import type { RequestInfo, ResourceRequest } from '../http/request-info.ts';

export interface Attributes {
  /** Of what is no resource: the method, in lower case. */
  readonly verb: string;
  /** Of what is no resource. */
  readonly path: string;
  /** undefined for what is no resource. The subresource is one segment. */
  readonly resource: Omit<ResourceRequest, 'version'> | undefined;
  /** What a list, a watch or a deletecollection is narrowed to. */
  readonly fields?: readonly FieldRequirement[];
}

const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);
const SELECTING: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

export function attributesOf({ method, verb, path, query, resource }: RequestInfo): Attributes {
  if (!resource) return { verb: method.toLowerCase(), path, resource };
  const own = { verb: verb === 'unknown' ? '' : verb, path, resource: atSubresource(resource) };
  const selector = SELECTING.has(verb) ? query.get('fieldSelector') : null;
  return selector === null || selector === '' ? own : narrowed(own, resource, selector);
}

/** What follows a subresource's name, such as a path to proxy to, gives no rights of its own. */
function atSubresource(resource: ResourceRequest): ResourceRequest {
  const end = resource.subresource.indexOf('/');
  return end < 0 ? resource : { ...resource, subresource: resource.subresource.slice(0, end) };
}

/** Who lists or watches one object by its name needs rights to that object alone. */
function narrowed(own: Attributes, resource: ResourceRequest, selector: string): Attributes {
  const fields = fieldsOf(selector);
  const name = requiredValue(fields, 'metadata.name') ?? '';
  const isOne = own.verb !== 'deletecollection' && name !== '' && checkPathSegment(name).length === 0;
  return { ...own, fields, resource: isOne ? { ...resource, name } : resource };
}

/** One that can't be understood narrows nothing; its request fails where it is read. */
function fieldsOf(selector: string): readonly FieldRequirement[] {
  try {
    return parseFieldSelector(selector);
  } catch {
    return [];
  }
}

/**
 * What must be allowed besides: who runs something in a pod changes it, though a WebSocket is asked for by GET. undefined
 * for nothing.
 */
export function furtherAttributes(attributes: Attributes): Attributes | undefined {
  const { verb, resource } = attributes;
  if (verb !== 'get' || resource?.resource !== 'pods' || resource.group !== '') return undefined;
  return STREAMS.has(resource.subresource) ? { ...attributes, verb: 'create' } : undefined;
}
