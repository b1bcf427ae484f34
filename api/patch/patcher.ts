/** The three patches behind one call: what a PATCH request does to an object, decoded again as the API decodes it. */
import { invalid, unsupportedMediaType } from '../errors.ts';
import { strictProblems } from '../schema/codec.ts';
import type { Checked, Codec, Decoded, FieldValidation, TypeForm } from '../schema/codec.ts';
import { DecodeError } from '../schema/decode-context.ts';
import type { ParsedBody } from '../machinery/body.ts';
import { applyJsonPatch } from './json.ts';
import { applyMergePatch } from './merge.ts';
import type { StrategicMerge } from './strategic.ts';

export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** Server-side apply: a configuration, as YAML or JSON. */
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** Of the whole request: the patch is at fault, not yet any object. */
const NOBODY = { group: '', plural: '', kind: '' };
const MAX_QUOTED = 1024;

export class Patcher {
  readonly #codec: Codec;
  readonly #strategic: StrategicMerge;

  constructor(options: { codec: Codec; strategic: StrategicMerge }) {
    this.#codec = options.codec;
    this.#strategic = options.strategic;
  }

  /**
   * `contentType` without parameters; `body` is the parsed patch. Changes neither `original` nor the body. Throws
   * BadRequest, RequestEntityTooLarge, UnsupportedMediaType, or Invalid when the patch does not apply or its outcome is
   * no such object.
   */
  apply<T extends object>(
    type: TypeForm,
    contentType: string,
    original: T,
    body: ParsedBody,
    mode: FieldValidation,
  ): Decoded<T> {
    const patched = this.#patched(type, contentType, original, body.value);
    const { object, unknown } = this.#checked(type, patched);
    const problems = mode === 'Ignore' ? [] : strictProblems(unknown, body.duplicates);
    if (mode === 'Strict' && problems.length > 0) {
      throw invalidOutcome(patched, `strict decoding error: ${problems.join(', ')}`);
    }
    return { object: object as T, warnings: problems };
  }

  #patched(type: TypeForm, contentType: string, original: object, patch: unknown): unknown {
    switch (contentType) {
      case PATCH_TYPES.json:
        return applyJsonPatch(original, patch);
      case PATCH_TYPES.merge:
        return applyMergePatch(original, patch);
      case PATCH_TYPES.strategic:
        // Only types of the table say how their lists are merged.
        if (typeof type !== 'string') throw unsupportedMediaType([PATCH_TYPES.json, PATCH_TYPES.merge]);
        return this.#strategic.apply(type, original, patch);
      default:
        throw unsupportedMediaType(Object.values(PATCH_TYPES));
    }
  }

  #checked(type: TypeForm, patched: unknown): Checked {
    try {
      return this.#codec.check(type, patched);
    } catch (error) {
      if (error instanceof DecodeError) throw invalidOutcome(patched, error.message);
      throw error;
    }
  }
}

function invalidOutcome(patched: unknown, why: string): Error {
  const text = JSON.stringify(patched);
  const quoted = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  const message = `Invalid value: ${JSON.stringify(quoted)}: ${why}`;
  return invalid(NOBODY, '', [{ type: 'FieldValueInvalid', field: 'patch', message }]);
}
