/** Which form of the answer the client wants: the Accept header, and how Kubernetes reads it. */
import { notAcceptable } from '../../api/errors.ts';

/** `table` and `metadata` are the object transformed; `version` is the group version of meta.k8s.io that was asked for. */
export interface Form {
  readonly as: 'object' | 'table' | 'metadata';
  readonly version: 'v1' | 'v1beta1';
}

const JSON_TYPE = 'application/json';
const OBJECT: Form = { as: 'object', version: 'v1' };

export interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Throws NotAcceptable when nothing that is asked for can be served. No header means anything. */
export function negotiate(accept: string, forms: readonly Form['as'][] = ['object', 'table', 'metadata']): Form {
  if (accept.trim() === '') return OBJECT;
  for (const range of parseAccept(accept)) {
    if (!isJson(range.type) || range.quality === 0) continue;
    const form = formOf(range.parameters);
    if (form && forms.includes(form.as)) return form;
  }
  throw notAcceptable([JSON_TYPE]);
}

function isJson(type: string): boolean {
  return type === JSON_TYPE || type === 'application/*' || type === '*/*';
}

function formOf(parameters: ReadonlyMap<string, string>): Form | undefined {
  const as = parameters.get('as');
  if (as === undefined) return OBJECT;
  const version = parameters.get('v');
  if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (as === 'Table') return { as: 'table', version };
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? { as: 'metadata', version } : undefined;
}

/** What the client takes, the most wanted first. */
export function parseAccept(accept: string): MediaRange[] {
  const ranges = accept.split(',').map((part) => {
    const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
    const parameters = new Map(
      rest.map((parameter) => {
        const equals = parameter.indexOf('=');
        return [parameter.slice(0, equals).toLowerCase(), parameter.slice(equals + 1)] as const;
      }),
    );
    const quality = Number(parameters.get('q') ?? '1');
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
  });
  return ranges.toSorted((a, b) => b.quality - a.quality);
}

/** Without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
