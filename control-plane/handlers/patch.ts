import { badRequest, unsupportedMediaType } from '../../api/errors.ts';
import { apiVersionOf } from '../../api/kinds.ts';
import { parseJson, type ParsedBody } from '../../api/machinery/body.ts';
import type { KubeObject } from '../../api/object.ts';
import { APPLY_PATCH, PATCH_TYPES } from '../../api/patch/patcher.ts';
import { readBody } from '../http/body.ts';
import { header } from '../http/exchange.ts';
import { mediaType } from '../http/negotiate.ts';
import { addWarnings } from '../http/respond.ts';
import { apply } from './apply.ts';
import { placeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { representationOf, sendObject } from './represent.ts';
import { subresourceOf } from './subresource.ts';
import { parseWriteOptions, type FieldValidation } from './write-options.ts';

const ACCEPTED: readonly string[] = [...Object.values(PATCH_TYPES), APPLY_PATCH];

export interface Patch {
  /** One of PATCH_TYPES. */
  readonly type: string;
  readonly body: ParsedBody;
}

/** PATCH of one object, or of a part of it that has the object's own type, such as its status. */
export async function patch(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  representationOf(exchange, options);
  if (isApply(exchange)) return apply(exchange, options);
  const { resource, target } = exchange;
  const { fieldValidation, ...write } = parseWriteOptions(exchange, 'PatchOptions');
  const given = await readPatch(exchange, fieldValidation, options);
  let warnings: readonly string[] = [];
  const change = (current: KubeObject): KubeObject => {
    const patched = patchObject(exchange, options, given, fieldValidation, current);
    warnings = patched.warnings;
    return patched.object;
  };
  const subresource = subresourceOf(exchange);
  const result = await resource.mutate(target.namespace, target.name, change, { ...write, ...subresource });
  addWarnings(exchange, warnings);
  await sendObject(exchange, options, 200, result);
}

export function isApply({ request }: ResourceExchange): boolean {
  return mediaType(header(request, 'content-type')) === APPLY_PATCH;
}

/** Throws UnsupportedMediaType or BadRequest. */
export async function readPatch(
  exchange: ResourceExchange,
  mode: FieldValidation,
  { clock }: HandlerOptions,
): Promise<Patch> {
  const type = mediaType(header(exchange.request, 'content-type'));
  if (!ACCEPTED.includes(type)) throw unsupportedMediaType(ACCEPTED);
  const body = parseJson(await readBody(exchange, clock));
  if (mode === 'Strict' && body.duplicates.length > 0) {
    const fields = body.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`).join(', ');
    throw badRequest(`error strict decoding patch: ${fields}`);
  }
  return { type, body };
}

function patchObject(
  exchange: ResourceExchange,
  { patcher }: HandlerOptions,
  { type, body }: Patch,
  mode: FieldValidation,
  current: KubeObject,
): { object: KubeObject; warnings: readonly string[] } {
  const { kind } = exchange.resource;
  const apiVersion = apiVersionOf(kind);
  const { object, warnings } = patcher.apply(
    kind.form ?? kind.schema,
    type,
    { ...current, kind: kind.kind, apiVersion },
    body,
    mode,
  );
  if (object.kind !== kind.kind || object.apiVersion !== apiVersion) {
    throw badRequest('the kind and the API version of an object can not be changed');
  }
  placeObject(exchange, object);
  return { object, warnings };
}
