/** Bodies to objects: read, parsed, checked against the schema and against what the path says. */
import { badRequest, conflict, unsupportedMediaType } from '../../api/errors.ts';
import { parseJson, type ParsedBody } from '../../api/machinery/body.ts';
import { parseYaml } from '../../api/machinery/yaml.ts';
import { apiVersionOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { TypeForm } from '../../api/schema/codec.ts';
import { readBody } from '../http/body.ts';
import { header, type Exchange } from '../http/exchange.ts';
import { mediaType } from '../http/negotiate.ts';
import { addWarnings } from '../http/respond.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import type { FieldValidation } from './write-options.ts';

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

export interface Expected {
  /** Its name in the schema table, or how it is read. */
  readonly typeName: TypeForm;
  readonly apiVersion: string;
  readonly kind: string;
}

/** The object that the path's kind is about, with the path's namespace and name. */
export async function decodeObject(
  exchange: ResourceExchange,
  options: HandlerOptions,
  mode: FieldValidation,
): Promise<KubeObject> {
  const { kind } = exchange.resource;
  const expected = { typeName: kind.form ?? kind.schema, apiVersion: apiVersionOf(kind), kind: kind.kind };
  const object = await decodeBody<KubeObject>(exchange, options, expected, mode);
  placeObject(exchange, object);
  return object;
}

/** Throws UnsupportedMediaType or BadRequest. What a client is to be warned of is added to the answer. */
export async function decodeBody<T extends { apiVersion?: string; kind?: string }>(
  exchange: Exchange,
  options: HandlerOptions,
  expected: Expected,
  mode: FieldValidation,
): Promise<T> {
  const body = await readBody(exchange, options.clock);
  const { value, duplicates } = parseBody(exchange, options, body, expected.typeName);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`the body of the request is not an object; a ${expected.kind} is expected`);
  }
  checkType(value, expected);
  const { kind, apiVersion } = expected;
  const typed = { ...value, kind, apiVersion };
  const { object, warnings } = options.codec.decode<T>(expected.typeName, typed, mode, duplicates);
  addWarnings(exchange, warnings);
  return object;
}

/** A body as a JSON value, whatever it was sent as. No Content-Type is taken as JSON, as by Kubernetes. */
export function parseBody(
  { request }: Exchange,
  { protobuf }: HandlerOptions,
  body: Buffer,
  type: TypeForm,
): ParsedBody {
  switch (mediaType(header(request, 'content-type'))) {
    case '':
    case JSON_TYPE:
      return parseJson(body);
    case YAML_TYPE:
      return parseYaml(body);
    case PROTOBUF_TYPE:
      // Only types of the table have field numbers.
      if (typeof type !== 'string') throw unsupportedMediaType([JSON_TYPE, YAML_TYPE]);
      return { value: protobuf.decode(type, protobuf.open(body)), duplicates: [] };
    default:
      throw unsupportedMediaType([JSON_TYPE, YAML_TYPE, ...(typeof type === 'string' ? [PROTOBUF_TYPE] : [])]);
  }
}

function checkType(value: object, expected: Expected): void {
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected.apiVersion) {
    const said = `the API version in the data (${textOf(apiVersion)})`;
    throw badRequest(`${said} does not match the expected API version (${expected.apiVersion})`);
  }
  if (kind !== undefined && kind !== '' && kind !== expected.kind) {
    throw badRequest(
      `${textOf(kind)} in version "${expected.apiVersion}" cannot be handled as a ${expected.kind}: it is another kind`,
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Gives the object the path's namespace and name, and refuses one that has others. */
export function placeObject({ target, resource }: ResourceExchange, object: KubeObject): void {
  const { metadata } = object;
  const namespace = resource.kind.namespaced ? target.namespace : '';
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace) metadata.namespace = namespace;
  else delete metadata.namespace;
  if (target.name === '') return;
  if (metadata.name && metadata.name !== target.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${target.name})`);
  }
  metadata.name = target.name;
}

/** What an object made by a patch or a subresource's body says about the one it was made from. Throws Conflict. */
export function checkPreconditions(
  { resource }: ResourceExchange,
  current: KubeObject,
  wanted: { resourceVersion?: string; uid?: string },
): void {
  const name = current.metadata.name ?? '';
  if (wanted.uid && wanted.uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(resource.kind, name, why);
  }
  if (wanted.resourceVersion && wanted.resourceVersion !== current.metadata.resourceVersion) {
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(resource.kind, name, why);
  }
}
