import { badRequest, unsupportedMediaType } from '../../api/errors.ts';
import { apiVersionOf } from '../../api/kinds.ts';
import { parseJson, type ParsedBody } from '../../api/machinery/body.ts';
import type { KubeObject } from '../../api/object.ts';
import { applyJsonPatch } from '../../api/patch/json.ts';
import { applyMergePatch } from '../../api/patch/merge.ts';
import { readBody } from '../server/body.ts';
import { header } from '../server/exchange.ts';
import { mediaType } from '../server/negotiate.ts';
import { addWarnings } from '../server/respond.ts';
import { placeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { representationOf, sendObject } from './represent.ts';
import { parseWriteOptions, type FieldValidation } from './write-options.ts';

const TYPES = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
} as const;
const APPLY_TYPES = ['application/apply-patch+yaml', 'application/apply-patch+cbor'];

export interface Patch {
  readonly type: (typeof TYPES)[keyof typeof TYPES];
  readonly body: ParsedBody;
}

/** PATCH of one object, or of its status. */
export async function patch(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  representationOf(exchange);
  const { resource, target } = exchange;
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'PatchOptions');
  const given = await readPatch(exchange, fieldValidation, options);
  let warnings: readonly string[] = [];
  const change = (current: KubeObject): KubeObject => {
    const patched = patchObject(exchange, options, given, fieldValidation, current);
    warnings = patched.warnings;
    return patched.object;
  };
  const subresource = target.subresource === 'status' ? { subresource: 'status' as const } : {};
  const result = await resource.mutate(target.namespace, target.name, change, { ...write, ...subresource });
  addWarnings(exchange, warnings);
  await sendObject(exchange, options, 200, result);
}

/** Throws UnsupportedMediaType or BadRequest. */
export async function readPatch(
  exchange: ResourceExchange,
  mode: FieldValidation,
  { clock }: HandlerOptions,
): Promise<Patch> {
  const media = mediaType(header(exchange.request, 'content-type'));
  const type = TYPES[media as keyof typeof TYPES];
  if (type === undefined) throw unsupportedPatch(media);
  const body = parseJson(await readBody(exchange, clock));
  if (mode === 'Strict' && body.duplicates.length > 0) {
    const fields = body.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`).join(', ');
    throw badRequest(`error strict decoding patch: ${fields}`);
  }
  return { type, body };
}

function unsupportedPatch(media: string): Error {
  const accepted = Object.keys(TYPES);
  if (!APPLY_TYPES.includes(media)) return unsupportedMediaType(accepted);
  const error = unsupportedMediaType(accepted);
  error.message = `server-side apply is not served yet (${media}); accepted media types include: ${accepted.join(', ')}`;
  return error;
}

/** What becomes of `current`, an object of the schema type `typeName`. */
export function patchValue(
  { strategic }: HandlerOptions,
  { type, body }: Patch,
  typeName: string,
  current: object,
): unknown {
  switch (type) {
    case 'json':
      return applyJsonPatch(current, body.value);
    case 'merge':
      return applyMergePatch(current, body.value);
    case 'strategic':
      return strategic.apply(typeName, current, body.value);
  }
}

function patchObject(
  exchange: ResourceExchange,
  options: HandlerOptions,
  given: Patch,
  mode: FieldValidation,
  current: KubeObject,
): { object: KubeObject; warnings: readonly string[] } {
  const { kind } = exchange.resource;
  const value = patchValue(options, given, kind.schema, current) as Partial<KubeObject>;
  const apiVersion = apiVersionOf(kind);
  if ((value.kind ?? kind.kind) !== kind.kind || (value.apiVersion ?? apiVersion) !== apiVersion) {
    throw badRequest('the kind and the API version of an object can not be changed');
  }
  const { object, warnings } = options.codec.decode<KubeObject>(kind.schema, value, mode, given.body.duplicates);
  placeObject(exchange, object);
  return { object: { ...object, apiVersion, kind: kind.kind }, warnings };
}
