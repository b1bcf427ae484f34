/** Request bodies: bytes to the value they stand for, JSON or YAML, with the keys that they held twice. */
import { isUtf8 } from 'node:buffer';
import { badRequest } from '../errors.ts';
import { countKeys, duplicateKeys, outlineOf } from './json-outline.ts';
import { MAX_DEPTH } from './path.ts';

export interface ParsedBody {
  value: unknown;
  /** Paths such as `spec.replicas`. */
  duplicates: readonly string[];
}

const NONE: readonly string[] = [];

/** Throws BadRequest for what is not JSON, not UTF-8 or nested too deeply. Of a key given twice the last counts. */
export function parseJson(bytes: Uint8Array): ParsedBody {
  const text = utf8Text(bytes);
  const { keys, depth } = outlineOf(text);
  if (depth > MAX_DEPTH) throw badRequest('json: exceeded max depth');
  const value = parsed(text);
  const hasDuplicates = countKeys(value) !== keys;
  return { value, duplicates: hasDuplicates ? duplicateKeys(text) : NONE };
}

/** Throws BadRequest for bytes that are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw badRequest('the body of the request is not valid UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}
