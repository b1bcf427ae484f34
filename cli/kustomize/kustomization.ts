/** A kustomization file: its fields, checked. What is not known is an error, so that nothing is silently left out. */
import { parse } from 'yaml';
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { KustomizeError } from './errors.ts';
import type { FieldSpec } from './fields.ts';

export type Texts = Readonly<Record<string, string>>;

export interface GeneratorOptions {
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly disableNameSuffixHash?: boolean;
  readonly immutable?: boolean;
}

export interface Generator {
  readonly name?: string;
  readonly namespace?: string;
  readonly behavior?: string;
  readonly literals?: readonly string[];
  readonly files?: readonly string[];
  readonly envs?: readonly string[];
  readonly env?: string;
  readonly options?: GeneratorOptions;
  /** Of a secret. */
  readonly type?: string;
}

/** Group, version, kind, name and namespace are regular expressions for the whole. */
export interface Target {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly annotationSelector?: string;
}

export interface Patch {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: Target;
  readonly options?: { readonly allowNameChange?: boolean; readonly allowKindChange?: boolean };
}

export interface Labels {
  readonly pairs?: Texts;
  readonly includeSelectors?: boolean;
  readonly includeTemplates?: boolean;
  readonly fields?: readonly FieldSpec[];
}

export interface ImageChange {
  readonly name?: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly tagSuffix?: string;
  readonly digest?: string;
}

export interface SortOptions {
  readonly order?: string;
  readonly legacySortOptions?: { readonly orderFirst?: readonly string[]; readonly orderLast?: readonly string[] };
}

export interface Kustomization {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: object;
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly namespace?: string;
  readonly commonLabels?: Texts;
  readonly labels?: readonly Labels[];
  readonly commonAnnotations?: Texts;
  readonly patchesStrategicMerge?: readonly string[];
  readonly patchesJson6902?: readonly Patch[];
  readonly patches?: readonly Patch[];
  readonly images?: readonly ImageChange[];
  readonly imageTags?: readonly ImageChange[];
  readonly replicas?: readonly { readonly name?: string; readonly count?: number }[];
  readonly resources?: readonly string[];
  readonly bases?: readonly string[];
  readonly components?: readonly string[];
  readonly configMapGenerator?: readonly Generator[];
  readonly secretGenerator?: readonly Generator[];
  readonly generatorOptions?: GeneratorOptions;
  readonly sortOptions?: SortOptions;
}

/** What a value must be. A list of one shape is a list of that; a record of shapes is an object with those fields. */
type Shape =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'texts'
  | 'any'
  | readonly [Shape]
  | { readonly [field: string]: Shape };

const STRINGS: Shape = ['string'];
const GENERATOR_OPTIONS: Shape = {
  labels: 'texts',
  annotations: 'texts',
  disableNameSuffixHash: 'boolean',
  immutable: 'boolean',
};
const GENERATOR = {
  name: 'string',
  namespace: 'string',
  behavior: 'string',
  literals: STRINGS,
  files: STRINGS,
  envs: STRINGS,
  env: 'string',
  options: GENERATOR_OPTIONS,
} as const;
const TARGET: Shape = {
  group: 'string',
  version: 'string',
  kind: 'string',
  name: 'string',
  namespace: 'string',
  labelSelector: 'string',
  annotationSelector: 'string',
};
const PATCH: Shape = {
  path: 'string',
  patch: 'string',
  target: TARGET,
  options: { allowNameChange: 'boolean', allowKindChange: 'boolean' },
};
const IMAGE: Shape = { name: 'string', newName: 'string', newTag: 'string', tagSuffix: 'string', digest: 'string' };
const KUSTOMIZATION: { readonly [Field in keyof Required<Kustomization>]: Shape } = {
  apiVersion: 'string',
  kind: 'string',
  metadata: 'any',
  namePrefix: 'string',
  nameSuffix: 'string',
  namespace: 'string',
  commonLabels: 'texts',
  labels: [
    {
      pairs: 'texts',
      includeSelectors: 'boolean',
      includeTemplates: 'boolean',
      fields: [{ group: 'string', version: 'string', kind: 'string', path: 'string', create: 'boolean' }],
    },
  ],
  commonAnnotations: 'texts',
  patchesStrategicMerge: STRINGS,
  patchesJson6902: [PATCH],
  patches: [PATCH],
  images: [IMAGE],
  imageTags: [IMAGE],
  replicas: [{ name: 'string', count: 'integer' }],
  resources: STRINGS,
  bases: STRINGS,
  components: STRINGS,
  configMapGenerator: [GENERATOR],
  secretGenerator: [{ ...GENERATOR, type: 'string' }],
  generatorOptions: GENERATOR_OPTIONS,
  sortOptions: { order: 'string', legacySortOptions: { orderFirst: STRINGS, orderLast: STRINGS } },
};

/** Fields that kustomize has and this has not. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'buildMetadata',
  'configurations',
  'crds',
  'generators',
  'helmChartInflationGenerator',
  'helmCharts',
  'helmGlobals',
  'openapi',
  'replacements',
  'transformers',
  'validators',
  'vars',
]);

/** In the order in which they are told of. */
const DEPRECATED: readonly (readonly [field: keyof Kustomization, instead: string])[] = [
  ['bases', 'resources'],
  ['commonLabels', 'labels'],
  ['imageTags', 'images'],
  ['patchesJson6902', 'patches'],
  ['patchesStrategicMerge', 'patches'],
];

const VERSIONS: Readonly<Record<string, string>> = {
  Kustomization: 'kustomize.config.k8s.io/v1beta1',
  Component: 'kustomize.config.k8s.io/v1alpha1',
};

/** Throws KustomizeError that names the field. */
export function parseKustomization(text: string, file: string): Kustomization {
  const value = parsed(text, file);
  const unsupported = Object.keys(value).find((name) => UNSUPPORTED.has(name));
  if (unsupported !== undefined) {
    throw new KustomizeError(`invalid Kustomization: dure does not know the field "${unsupported}" of ${file}`);
  }
  check(value, KUSTOMIZATION, '');
  if (Object.keys(value).every((name) => name === 'apiVersion' || name === 'kind')) {
    throw new KustomizeError('kustomization.yaml is empty');
  }
  const { kind = 'Kustomization', apiVersion } = value as Kustomization;
  const version = Object.hasOwn(VERSIONS, kind) ? VERSIONS[kind] : undefined;
  if (version === undefined) throw new KustomizeError('kind should be Kustomization or Component');
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== version) {
    throw new KustomizeError(`apiVersion for ${kind} should be ${version}`);
  }
  return value;
}

function parsed(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = parse(text, { version: '1.1', merge: true, logLevel: 'silent' });
  } catch (error) {
    throw new KustomizeError(`invalid Kustomization: ${file}: ${(error as Error).message.split('\n', 1)[0]}`);
  }
  if (value === null || value === undefined) throw new KustomizeError('kustomization.yaml is empty');
  if (!isObject(value)) throw new KustomizeError(`invalid Kustomization: ${file} is no object`);
  return value;
}

function check(value: unknown, shape: Shape, path: string): void {
  if (value === null || value === undefined || shape === 'any') return;
  const wrong = (wanted: string): never => {
    const what = isList(value) ? 'array' : typeof value;
    throw new KustomizeError(
      `invalid Kustomization: json: cannot unmarshal ${what} into field ${path} of type ${wanted}`,
    );
  };
  if (shape === 'integer') return Number.isSafeInteger(value) ? undefined : wanted(wrong, 'int64');
  if (shape === 'string' || shape === 'boolean') return typeof value === shape ? undefined : wanted(wrong, shape);
  if (isListShape(shape)) {
    if (!isList(value)) return wrong('list');
    for (const [index, element] of value.entries()) check(element, shape[0], `${path}[${index}]`);
    return;
  }
  if (!isObject(value)) return wrong('map');
  for (const [name, member] of Object.entries(value)) {
    const inner = shape === 'texts' ? 'string' : Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (inner === undefined) throw new KustomizeError(`invalid Kustomization: json: unknown field "${name}"`);
    check(member, inner, path === '' ? name : `${path}.${name}`);
  }
}

function wanted(wrong: (type: string) => never, type: string): void {
  wrong(type);
}

function isListShape(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

export function deprecations(kustomization: Kustomization): string[] {
  return DEPRECATED.filter(([field]) => kustomization[field] !== undefined).map(
    ([field, instead]) =>
      `# Warning: '${field}' is deprecated. Please use '${instead}' instead. Run 'kustomize edit fix' to update your ` +
      'Kustomization automatically.',
  );
}
