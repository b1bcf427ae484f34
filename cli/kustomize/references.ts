/** References to names: they follow when what they name is called otherwise. */
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { KustomizeError } from './errors.ts';
import { changeField, type FieldSpec } from './fields.ts';
import { effectiveNamespace, fits, idText, isClusterScoped, type KindPattern, type Resource } from './resource.ts';

interface Reference {
  readonly to: KindPattern;
  readonly from: FieldSpec;
}

const POD_SPECS: Readonly<Record<string, string>> = {
  Pod: 'spec',
  PodTemplate: 'template/spec',
  Deployment: 'spec/template/spec',
  ReplicaSet: 'spec/template/spec',
  ReplicationController: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
  Job: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
};
/** Which kinds' pods are looked into, as kustomize has it. */
const WITH_DATA = ['Pod', 'PodTemplate', 'Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job', 'CronJob'];
const WITH_NAMES = ['Pod', 'StatefulSet', 'Deployment', 'ReplicationController', 'CronJob', 'Job', 'DaemonSet'];
const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

function inPods(to: KindPattern, kinds: readonly string[], paths: readonly string[]): Reference[] {
  return kinds.flatMap((kind) => paths.map((path) => ({ to, from: { kind, path: `${POD_SPECS[kind]}/${path}` } })));
}

function inContainers(...paths: readonly string[]): string[] {
  return ['containers', 'initContainers'].flatMap((list) => paths.map((path) => `${list}/${path}`));
}

function from(to: KindPattern, ...places: readonly (readonly [kind: string, path: string])[]): Reference[] {
  return places.map(([kind, path]) => ({ to, from: { kind, path } }));
}

const CONFIG_MAP = { kind: 'ConfigMap', group: '' };
const SECRET = { kind: 'Secret', group: '' };
const SERVICE = { kind: 'Service', group: '' };
const ACCOUNT = { kind: 'ServiceAccount', group: '' };
const CLAIM = { kind: 'PersistentVolumeClaim', group: '' };

const REFERENCES: readonly Reference[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].flatMap((kind) =>
    from({ kind }, ['HorizontalPodAutoscaler', 'spec/scaleTargetRef/name']),
  ),
  ...inPods(CONFIG_MAP, WITH_DATA, [
    'volumes/configMap/name',
    'volumes/projected/sources/configMap/name',
    ...inContainers('env/valueFrom/configMapKeyRef/name', 'envFrom/configMapRef/name'),
  ]),
  ...from(
    CONFIG_MAP,
    ['Node', 'spec/configSource/configMap'],
    ['Role', 'rules/resourceNames'],
    ['ClusterRole', 'rules/resourceNames'],
    ['Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap'],
  ),
  ...inPods(SECRET, WITH_DATA, [
    'volumes/secret/secretName',
    'volumes/projected/sources/secret/name',
    'imagePullSecrets/name',
    ...inContainers('env/valueFrom/secretKeyRef/name', 'envFrom/secretRef/name'),
  ]),
  ...from(
    SECRET,
    ['Ingress', 'spec/tls/secretName'],
    ['Ingress', 'metadata/annotations/ingress.kubernetes.io\\/auth-secret'],
    ['Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret'],
    ['Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret'],
    ['ServiceAccount', 'imagePullSecrets/name'],
    ['StorageClass', 'parameters/secretName'],
    ['StorageClass', 'parameters/adminSecretName'],
    ['StorageClass', 'parameters/userSecretName'],
    ['StorageClass', 'parameters/secretRef'],
    ['Role', 'rules/resourceNames'],
    ['ClusterRole', 'rules/resourceNames'],
    ['PersistentVolume', 'spec/azureFile/secretName'],
  ),
  ...from(
    SERVICE,
    ['StatefulSet', 'spec/serviceName'],
    ['Ingress', 'spec/rules/http/paths/backend/service/name'],
    ['Ingress', 'spec/defaultBackend/service/name'],
    ['APIService', 'spec/service/name'],
  ),
  ...['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].map((kind) => ({
    to: SERVICE,
    from: { kind, group: ADMISSION, path: 'webhooks/clientConfig/service' },
  })),
  ...from({ kind: 'Role', group: RBAC }, ['RoleBinding', 'roleRef/name']),
  ...from(
    { kind: 'ClusterRole', group: RBAC },
    ['RoleBinding', 'roleRef/name'],
    ['ClusterRoleBinding', 'roleRef/name'],
  ),
  ...from(ACCOUNT, ['RoleBinding', 'subjects'], ['ClusterRoleBinding', 'subjects']),
  ...inPods(ACCOUNT, WITH_NAMES, ['serviceAccountName']),
  ...inPods(CLAIM, WITH_NAMES, ['volumes/persistentVolumeClaim/claimName']),
  ...from(
    { kind: 'PersistentVolume', group: '' },
    ['PersistentVolumeClaim', 'spec/volumeName'],
    ['ClusterRole', 'rules/resourceNames'],
  ),
  ...from(
    { kind: 'StorageClass', group: 'storage.k8s.io' },
    ['PersistentVolume', 'spec/storageClassName'],
    ['PersistentVolumeClaim', 'spec/storageClassName'],
    ['StatefulSet', 'spec/volumeClaimTemplates/spec/storageClassName'],
  ),
  ...inPods({ kind: 'PriorityClass', group: 'scheduling.k8s.io' }, WITH_NAMES, ['priorityClassName']),
  ...from({ kind: 'ValidatingAdmissionPolicy', group: ADMISSION }, [
    'ValidatingAdmissionPolicyBinding',
    'spec/policyName',
  ]),
];

/** Throws KustomizeError where a name may mean several. */
export function followNames(resources: readonly Resource[]): void {
  for (const { to, from: spec } of REFERENCES) {
    const targets = resources.filter(({ ids }) => ids.some((id) => fits(id, to)));
    if (targets.length === 0) continue;
    for (const referrer of resources) {
      if (!fits(referrer.originalId, spec)) continue;
      const within = targets.filter((target) => isReachable(referrer, target));
      changeField(referrer, spec, (value) => renamed(value, { referrer, to, targets: within }));
    }
  }
}

/** In the same namespace, or in none; a binding's service accounts may be anywhere. */
function isReachable(referrer: Resource, target: Resource): boolean {
  const [own, other] = [referrer.id, target.id];
  if (isClusterScoped(own) || isClusterScoped(other) || other.kind === 'ServiceAccount') return true;
  return effectiveNamespace(own) === effectiveNamespace(other);
}

interface Search {
  readonly referrer: Resource;
  readonly to: KindPattern;
  readonly targets: readonly Resource[];
}

function renamed(value: unknown, search: Search): unknown {
  if (isList(value)) return value.map((element) => renamed(element, search));
  if (isObject(value)) return renamedObject(value, search);
  if (typeof value !== 'string') return value;
  return targetOf(value, search)?.id.name ?? value;
}

/** A reference with a name and maybe a namespace. */
function renamedObject(value: JsonObject, search: Search): unknown {
  const { name, namespace } = value;
  if (typeof name !== 'string') return value;
  const byNamespace = (pick: (resource: Resource) => string): Resource[] =>
    search.targets.filter((target) => pick(target) === namespace);
  const original = byNamespace(({ originalId }) => effectiveNamespace(originalId));
  const targets =
    namespace === undefined
      ? search.targets
      : original.length > 0
        ? original
        : byNamespace(({ id }) => effectiveNamespace(id));
  const target = targetOf(name, { ...search, targets });
  if (!target) return value;
  const next = target.id;
  return { ...value, name: next.name, ...(next.namespace === '' ? {} : { namespace: next.namespace }) };
}

function targetOf(name: string, { referrer, to, targets }: Search): Resource | undefined {
  const role = to.group === RBAC ? (referrer.object['roleRef'] as KindPattern | undefined) : undefined;
  const named = targets.filter(
    ({ ids }) =>
      ids.some((id) => id.name === name) && ids.some((id) => fits(id, to) && (role?.kind ?? id.kind) === id.kind),
  );
  if (named.length <= 1) return named[0];
  const alike = named.filter((target) => hasSameAffixes(referrer, target, true));
  const best = alike.length > 1 ? alike.filter((target) => hasSameAffixes(referrer, target, false)) : alike;
  const different = new Set(best.map(({ id }) => id.name));
  if (different.size > 1) {
    throw new KustomizeError(`found multiple possible referrals: ${best.map(({ id }) => idText(id)).join(', ')}`);
  }
  return best[0];
}

/** Objects of one base got the same prefixes and suffixes first. */
function hasSameAffixes(a: Resource, b: Resource, orNone: boolean): boolean {
  return (['prefixes', 'suffixes'] as const).every((side) => {
    const [shorter, longer] = a[side].length <= b[side].length ? [a[side], b[side]] : [b[side], a[side]];
    if (shorter.length === 0) return orNone || longer.length === 0;
    const offset = longer.length - shorter.length;
    return shorter.every((affix, index) => affix === longer[index + offset]);
  });
}
