/** Where in which kinds labels, images, names and references to names stand, and how a value there is changed. */
import { ownValue, setOwn } from '../../api/machinery/json.ts';
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { fits, type KindPattern, type Resource } from './resource.ts';

export interface FieldSpec extends KindPattern {
  /** Names with slashes between them; a slash inside of a name has a backslash before it. Lists are walked through. */
  readonly path: string;
  /** Whether what isn't there is made; never the elements of a list, whose name ends with []. */
  readonly create?: boolean;
}

/** Where the pod template of a kind stands. */
const TEMPLATES: readonly (KindPattern & { readonly kind: string; readonly at: string })[] = [
  { kind: 'ReplicationController', at: 'spec/template' },
  { kind: 'Deployment', at: 'spec/template' },
  { kind: 'ReplicaSet', at: 'spec/template' },
  { kind: 'DaemonSet', at: 'spec/template' },
  { kind: 'StatefulSet', group: 'apps', at: 'spec/template' },
  { kind: 'Job', group: 'batch', at: 'spec/template' },
  { kind: 'CronJob', group: 'batch', at: 'spec/jobTemplate/spec/template' },
];
const CRON_JOB: KindPattern = { kind: 'CronJob', group: 'batch' };

function metadataFields(field: 'labels' | 'annotations'): FieldSpec[] {
  return [
    { path: `metadata/${field}`, create: true },
    ...TEMPLATES.map(({ at, ...kind }) => ({ ...kind, path: `${at}/metadata/${field}`, create: true })),
    { ...CRON_JOB, path: `spec/jobTemplate/metadata/${field}`, create: true },
  ];
}

export const TEMPLATE_LABELS: readonly FieldSpec[] = [
  ...metadataFields('labels'),
  { kind: 'StatefulSet', group: 'apps', path: 'spec/volumeClaimTemplates[]/metadata/labels', create: true },
];
export const ANNOTATIONS: readonly FieldSpec[] = metadataFields('annotations');
export const OWN_LABELS: readonly FieldSpec[] = [{ path: 'metadata/labels', create: true }];

const MATCH = 'labelSelector/matchLabels';
const COMPANY = ['podAffinity', 'podAntiAffinity'].flatMap((rule) => [
  `affinity/${rule}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/${MATCH}`,
  `affinity/${rule}/requiredDuringSchedulingIgnoredDuringExecution/${MATCH}`,
]);

/** Labels, and the selectors that go with them. */
export const SELECTOR_LABELS: readonly FieldSpec[] = [
  { kind: 'Service', path: 'spec/selector', create: true },
  { kind: 'ReplicationController', path: 'spec/selector', create: true },
  ...['Deployment', 'ReplicaSet', 'DaemonSet'].map((kind) => ({
    kind,
    path: 'spec/selector/matchLabels',
    create: true,
  })),
  { kind: 'StatefulSet', group: 'apps', path: 'spec/selector/matchLabels', create: true },
  ...['Deployment', 'StatefulSet'].flatMap((kind) =>
    [...COMPANY, `topologySpreadConstraints/${MATCH}`].map((path) => ({
      kind,
      group: 'apps',
      path: `spec/template/spec/${path}`,
    })),
  ),
  { kind: 'Job', group: 'batch', path: 'spec/selector/matchLabels' },
  { ...CRON_JOB, path: 'spec/jobTemplate/spec/selector/matchLabels' },
  { kind: 'PodDisruptionBudget', group: 'policy', path: 'spec/selector/matchLabels' },
  ...['spec/podSelector', 'spec/ingress/from/podSelector', 'spec/egress/to/podSelector'].map((path) => ({
    kind: 'NetworkPolicy',
    group: 'networking.k8s.io',
    path: `${path}/matchLabels`,
  })),
  ...TEMPLATE_LABELS,
];

export const NAMESPACES: readonly FieldSpec[] = [
  { kind: 'APIService', group: 'apiregistration.k8s.io', path: 'spec/service/namespace', create: true },
  {
    kind: 'CustomResourceDefinition',
    group: 'apiextensions.k8s.io',
    path: 'spec/conversion/webhook/clientConfig/service/namespace',
  },
];

export const REPLICAS: readonly FieldSpec[] = ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map(
  (kind) => ({ kind, path: 'spec/replicas', create: true }),
);

/** Images of volumes; those of containers are found wherever they stand. */
export const VOLUME_IMAGES: readonly FieldSpec[] = ['spec', 'spec/template/spec'].map((at) => ({
  path: `${at}/volumes[]/image/reference`,
}));

/** Puts what `change` makes of each value at the spec's path there; undefined for what is made. */
export function changeField(resource: Resource, spec: FieldSpec, change: (value: unknown) => unknown): void {
  if (!fits(resource.id, spec)) return;
  const path = spec.path.split(/(?<!\\)\//).map((name) => name.replaceAll('\\/', '/'));
  changeAt(resource.object, path, spec.create === true, change);
}

function changeAt(
  node: unknown,
  [head = '', ...rest]: readonly string[],
  create: boolean,
  change: (value: unknown) => unknown,
): void {
  if (isList(node)) {
    for (const element of node) changeAt(element, [head, ...rest], create, change);
    return;
  }
  if (!isObject(node)) return;
  const isNamedList = head.endsWith('[]');
  const key = isNamedList ? head.slice(0, -2) : head;
  const value = ownValue(node, key) ?? undefined;
  if (value === undefined && (!create || isNamedList)) return;
  if (rest.length === 0) {
    setOwn(node, key, change(value));
    return;
  }
  const inner = value ?? {};
  if (value === undefined) setOwn(node, key, inner);
  changeAt(inner, rest, create, change);
}

/** Every element of every list of the name `containers` or `initContainers`, wherever it stands. */
export function eachContainer(node: unknown, act: (container: JsonObject) => void): void {
  if (isList(node)) for (const element of node) eachContainer(element, act);
  if (!isObject(node)) return;
  for (const [key, value] of Object.entries(node)) {
    eachContainer(value, act);
    if ((key === 'containers' || key === 'initContainers') && isList(value)) value.filter(isObject).forEach(act);
  }
}
