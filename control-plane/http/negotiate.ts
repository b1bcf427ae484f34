/** Which form of the answer the client wants, in which encoding: the Accept header, and how Kubernetes reads it. */
import { notAcceptable } from '../../api/errors.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** `table` and `metadata` are the object transformed; `version` is the group version of meta.k8s.io that was asked for. */
export interface Form {
  readonly as: 'object' | 'table' | 'metadata';
  readonly version: 'v1' | 'v1beta1';
  readonly encoding: Encoding;
}

export const MEDIA_TYPES: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};
const ENCODINGS: readonly Encoding[] = ['json', 'yaml', 'protobuf'];

/** What an endpoint can answer with. */
export interface Offer {
  readonly encodings: readonly Encoding[];
  /** Forms that are not served in all of the encodings. */
  readonly serves: (form: Form) => boolean;
  /** Told to the client that asks for something else. */
  readonly types: readonly string[];
}

export const ONLY_JSON: Offer = {
  encodings: ['json'],
  serves: ({ as }) => as === 'object',
  types: [MEDIA_TYPES.json],
};

/** The object in any of the encodings: all that a Status and other answers that are no resources come in. */
export const ANY_ENCODING: Offer = {
  encodings: ENCODINGS,
  serves: ({ as }) => as === 'object',
  types: Object.values(MEDIA_TYPES),
};

/** Objects of a resource; custom resources are no messages, though their metadata is. Tables are read by people. */
export function resourceOffer(hasMessages: boolean): Offer {
  return hasMessages ? TYPED_RESOURCE : CUSTOM_RESOURCE;
}

/** Events of a resource; YAML has no frame for them. */
export function watchOffer(hasMessages: boolean): Offer {
  return hasMessages ? TYPED_WATCH : CUSTOM_WATCH;
}

const TYPED_RESOURCE: Offer = {
  encodings: ENCODINGS,
  serves: ({ as, encoding }) => as !== 'table' || encoding !== 'protobuf',
  types: Object.values(MEDIA_TYPES),
};
const CUSTOM_RESOURCE: Offer = {
  encodings: ENCODINGS,
  serves: ({ as, encoding }) => as === 'metadata' || encoding !== 'protobuf',
  types: [MEDIA_TYPES.json, MEDIA_TYPES.yaml],
};
const TYPED_WATCH: Offer = streamed(TYPED_RESOURCE);
const CUSTOM_WATCH: Offer = streamed(CUSTOM_RESOURCE);

function streamed({ serves, types }: Offer): Offer {
  return {
    encodings: ['json', 'protobuf'],
    serves,
    types: types.filter((type) => type !== MEDIA_TYPES.yaml).map((type) => `${type};stream=watch`),
  };
}

export interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Throws NotAcceptable when nothing that is asked for can be served. No header means anything. */
export function negotiate(accept: string, offer: Offer = ANY_ENCODING): Form {
  const form = acceptedForm(accept, offer);
  if (!form) throw notAcceptable(offer.types);
  return form;
}

/** The encoding of an error, which is told in JSON to those who take nothing that is served. */
export function errorEncoding(accept: string): Encoding {
  return acceptedForm(accept, ANY_ENCODING)?.encoding ?? 'json';
}

function acceptedForm(accept: string, offer: Offer): Form | undefined {
  if (accept.trim() === '') return { as: 'object', version: 'v1', encoding: 'json' };
  for (const range of parseAccept(accept)) {
    if (range.quality === 0) continue;
    const encoding = offer.encodings.find((offered) => includesType(range.type, MEDIA_TYPES[offered]));
    const form = encoding && formOf(range.parameters, encoding);
    if (form && offer.serves(form)) return form;
  }
  return undefined;
}

function includesType(range: string, type: string): boolean {
  return range === type || range === 'application/*' || range === '*/*';
}

function formOf(parameters: ReadonlyMap<string, string>, encoding: Encoding): Form | undefined {
  if ((parameters.get('stream') || 'watch') !== 'watch') return undefined;
  const as = parameters.get('as');
  if (as === undefined) return { as: 'object', version: 'v1', encoding };
  const version = parameters.get('v');
  if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (as === 'Table') return { as: 'table', version, encoding };
  const isMetadata = as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
  return isMetadata ? { as: 'metadata', version, encoding } : undefined;
}

/** What the client takes, the most wanted first; of equals what is named comes before what stands for several. */
export function parseAccept(accept: string): MediaRange[] {
  const ranges = accept.split(',').map((part) => {
    const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
    const parameters = new Map(
      rest.map((parameter) => {
        const equals = parameter.indexOf('=');
        return [parameter.slice(0, equals).toLowerCase(), unquoted(parameter.slice(equals + 1))] as const;
      }),
    );
    const quality = Number(parameters.get('q') ?? '1');
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
  });
  return ranges.toSorted((a, b) => b.quality - a.quality || wildcards(a.type) - wildcards(b.type));
}

function wildcards(type: string): number {
  return type.split('*').length - 1;
}

function unquoted(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value;
}

/** Without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
