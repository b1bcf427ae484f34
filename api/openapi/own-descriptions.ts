/** What types and fields are for that the models of the client library say nothing of. */
import { SPECIAL } from '../schema/table.ts';

export interface TypeDescription {
  readonly text: string;
  /** By field name; a field may have none. */
  readonly fields: ReadonlyMap<string, string>;
}

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

const METRICS = 'io.k8s.metrics.pkg.apis.metrics.v1beta1';

const TYPES: Readonly<Record<string, string>> = {
  [SPECIAL.quantity]:
    'A number with an optional suffix: a decimal one (n, u, m, k, M, G, T, P, E), a binary one (Ki, Mi, Gi, Ti, Pi, Ei), or an exponent (e3). "500m" is a half, "1Ki" is 1024. It may be written as a number or as text; it is kept in its shortest form, and compared by its value.',
  [SPECIAL.intOrString]:
    'Either a whole number or a text. Where it stands for an amount, the text is a percentage such as "25%"; where it stands for a port, it is the name of one.',
  [SPECIAL.time]: 'A moment as RFC 3339 writes it, to the second, such as "2026-01-31T12:00:00Z".',
  [SPECIAL.microTime]: 'A moment as RFC 3339 writes it, to the microsecond, such as "2026-01-31T12:00:00.000000Z".',
  [SPECIAL.duration]: 'A span of time: numbers with units (ns, us, ms, s, m, h) in a row, such as "1h30m".',
  [SPECIAL.fields]:
    'A set of fields as a tree. A key is "f:" and a field name, "k:" and the key of an element in a list of objects, "v:" and an element of a list of values, "i:" and a position in a list, or "." for the thing itself.',
  [SPECIAL.raw]: 'An object of any kind, kept as it is; its own apiVersion and kind say what it is.',
  [SPECIAL.json]: 'Any JSON value: an object, a list, a text, a number, true, false or null.',
  [SPECIAL.schemaOrArray]: 'One schema for all elements, or a list with one schema for each.',
  [SPECIAL.schemaOrBool]: 'A schema, or true for whatever there is, or false for nothing.',
  [SPECIAL.schemaOrStrings]: 'A schema, or a list of names of fields.',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch':
    'What to change. Its form depends on the media type of the request: a list of operations, or a part of the object.',
  [`${EXTENSIONS}.CustomResourceSubresourceStatus`]:
    'With it, status is a subresource of its own: written only through /status, which writes nothing else. It has no fields.',
  [`${METRICS}.NodeMetrics`]: 'What a node used lately.',
  [`${METRICS}.NodeMetricsList`]: 'What nodes used lately.',
  [`${METRICS}.PodMetrics`]: 'What the containers of a pod used lately.',
  [`${METRICS}.PodMetricsList`]: 'What the containers of pods used lately.',
  [`${METRICS}.ContainerMetrics`]: 'What a container used lately.',
};

const SCHEMA_FIELDS: Readonly<Record<string, string>> = {
  $ref: 'A reference to another schema. Definitions must not use it.',
  $schema: 'Which dialect of JSON schema it is. Definitions must not use it.',
  allOf: 'The value must satisfy all of these. They can only validate: they may not say what type it has.',
  anyOf: 'The value must satisfy at least one of these. They can only validate: they may not say what type it has.',
  definitions: 'Schemas to refer to by $ref. Definitions must not use it.',
  dependencies: 'What must be there when a field is there. Definitions must not use it.',
  description: 'What the value is for, as `kubectl explain` shows it.',
  enum: 'The value must be one of these.',
  exclusiveMaximum: 'Whether the maximum itself is already too much.',
  exclusiveMinimum: 'Whether the minimum itself is already too little.',
  id: 'A name for the schema. Definitions must not use it.',
  maxItems: 'The most elements a list may have.',
  maxLength: 'The most characters a text may have.',
  maxProperties: 'The most entries an object may have.',
  maximum: 'The largest a number may be.',
  minItems: 'The fewest elements a list may have.',
  minLength: 'The fewest characters a text may have.',
  minProperties: 'The fewest entries an object may have.',
  minimum: 'The smallest a number may be.',
  multipleOf: 'A number must be this times a whole number.',
  nullable: 'Whether null may stand for the value. Otherwise a null is dropped, and the default takes its place.',
  oneOf: 'The value must satisfy exactly one of these. They can only validate: they may not say what type it has.',
  pattern: 'A regular expression that a text must match somewhere.',
  patternProperties: 'Schemas of fields, by patterns of their names. Definitions must not use it.',
  properties: 'The schemas of the fields of an object, by their names. What is not listed is dropped.',
  required: 'The names of the fields that an object must have.',
  title: 'A short name for what the value is.',
  type: 'Which type the value has: object, array, string, integer, number or boolean.',
  uniqueItems: 'Whether the elements of a list must differ. Definitions may only say false.',
  'x-kubernetes-embedded-resource':
    'Whether the object is one of some kind, with apiVersion, kind and metadata that are validated as such.',
  'x-kubernetes-int-or-string': 'Whether the value is a whole number or a text; it then has no type.',
  'x-kubernetes-list-map-keys': 'The fields that identify an element, for lists of the type map.',
  'x-kubernetes-list-type':
    'How lists merge in a server-side apply: atomic (as a whole; the default), set (by value) or map (by the keys of their elements).',
  'x-kubernetes-map-type':
    'How objects merge in a server-side apply: granular (field by field; the default) or atomic (as a whole).',
  'x-kubernetes-preserve-unknown-fields': 'True keeps fields that are not listed, here and below.',
  'x-kubernetes-validations': 'Rules in CEL that the value must satisfy; `self` is the value.',
};

const TYPE_META = {
  apiVersion: 'The group and version of the schema that the object is written by, such as apps/v1.',
  kind: 'What the object is, in camel case, such as Pod.',
};
const MEASURED = {
  timestamp: 'When it was measured; the window ends then.',
  window: 'Over how long it was measured.',
};
const USAGE = 'Processor time in cores (cpu), and memory in bytes that could not be reclaimed (memory).';

const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [SPECIAL.schema]: SCHEMA_FIELDS,
  [`${EXTENSIONS}.ExternalDocumentation`]: {
    description: 'What is found there.',
    url: 'Where it is found.',
  },
  [`${METRICS}.NodeMetrics`]: { ...TYPE_META, ...MEASURED, usage: USAGE },
  [`${METRICS}.NodeMetricsList`]: { ...TYPE_META, items: 'One for each node.' },
  [`${METRICS}.PodMetrics`]: { ...TYPE_META, ...MEASURED, containers: 'One for each container that runs.' },
  [`${METRICS}.PodMetricsList`]: { ...TYPE_META, items: 'One for each pod.' },
  [`${METRICS}.ContainerMetrics`]: { name: 'The name of the container.', usage: USAGE },
};

/** Either part may be empty. */
export function ownDescription(typeName: string): TypeDescription {
  return { text: TYPES[typeName] ?? '', fields: new Map(Object.entries(FIELDS[typeName] ?? {})) };
}
