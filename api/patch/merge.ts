/** JSON merge patch, RFC 7386. */
import { badRequest } from '../errors.ts';
import { copyJson, ownValue, setOwn } from '../machinery/json.ts';
import { isObject } from './value.ts';
import type { JsonObject } from './value.ts';

/** Neither argument is changed; the result shares what the patch left alone with `original`. Throws BadRequest. */
export function applyMergePatch(original: object, patch: unknown): JsonObject {
  if (!isObject(patch)) throw badRequest('error decoding patch: a merge patch must be a JSON object');
  return merge(original as JsonObject, patch);
}

function merge(original: unknown, patch: JsonObject): JsonObject {
  const result: JsonObject = {};
  if (isObject(original)) for (const [key, value] of Object.entries(original)) setOwn(result, key, value);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setOwn(result, key, isObject(value) ? merge(ownValue(result, key), value) : copyJson(value));
  }
  return result;
}
