/**
 * Holds pods to the security standards that the labels of their namespace name: refuses, notes in the audit log, warns.
 * Of what only makes pods later, such as a Deployment, it is said at once what will become of them.
 */
import { forbidden, invalid } from '../../../api/errors.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import type { Container, Namespace, Pod } from '../../../api/types/core.v1.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import { allContainers, type PodParts } from './check.ts';
import { warningsOfPods } from './existing-pods.ts';
import { isOpen, policyOf, PREFIX, type ReadPolicy } from './policy.ts';
import { compareLevels, type Standard, standardText, violationsOf, violationsText } from './standard.ts';

interface Templated {
  readonly template?: PodParts;
  readonly spec?: { readonly template?: PodParts; readonly jobTemplate?: { readonly spec?: { template?: PodParts } } };
}

/** By group and plural: where each has its template. */
const TEMPLATES: ReadonlyMap<string, (object: Templated) => PodParts | undefined> = new Map([
  ['/podtemplates', ({ template }: Templated) => template],
  ['batch/cronjobs', ({ spec }: Templated) => spec?.jobTemplate?.spec?.template],
  ...[
    '/replicationcontrollers',
    'apps/daemonsets',
    'apps/deployments',
    'apps/replicasets',
    'apps/statefulsets',
    'batch/jobs',
  ].map((id): [string, (object: Templated) => PodParts | undefined] => [id, ({ spec }) => spec?.template]),
]);

/** All other subresources carry a pod. */
const WITHOUT_POD = ['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'];

export interface PodSecurityOptions {
  namespaces: Lookup<Namespace>;
  pods: Pick<Lookup<Pod>, 'within'>;
}

export class PodSecurity implements AdmissionPlugin {
  readonly name = 'PodSecurity';
  private readonly options: PodSecurityOptions;

  constructor(options: PodSecurityOptions) {
    this.options = options;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
    const id = `${kind.group}/${kind.plural}`;
    if (id === '/pods') return subresource === undefined || !WITHOUT_POD.includes(subresource);
    return subresource === undefined && (id === '/namespaces' || TEMPLATES.has(id));
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const { kind, object, namespace } = request;
    if (kind.group === '' && kind.kind === 'Namespace') return this.checkNamespace(request);
    const found = policyOf(await this.options.namespaces.find('', namespace));
    if (kind.group === '' && kind.kind === 'Pod') return checkPod(request, found);
    const template = TEMPLATES.get(`${kind.group}/${kind.plural}`)?.(object as Templated);
    if (template?.spec) tell(request, template, found);
  }

  /** Labels have to mean something; those that are there already may stay as they are. */
  private checkNamespace(request: AdmissionRequest): void {
    const { kind, name, object, previous } = request;
    const { policy, errors } = policyOf(object);
    const before = policyOf(previous);
    if (errors.length > 0 && !(previous && sameJson(errors, before.errors))) throw invalid(kind, name, errors);
    if (!previous || !isStricter(policy.enforce, before.policy.enforce)) return;
    for (const text of warningsOfPods(name, this.options.pods.within(name), policy.enforce)) request.warn(text);
  }
}

function isStricter(next: Standard, previous: Standard): boolean {
  if (isOpen(next)) return false;
  return next.version !== previous.version || compareLevels(next.level, previous.level) > 0;
}

function checkPod(request: AdmissionRequest, found: ReadPolicy): void {
  const { kind, name, object, previous } = request;
  const { enforce } = found.policy;
  // The plugin is asked about pods here, and of pods only.
  const pod = object as unknown as Pod;
  if (previous && !matters(pod, previous as unknown as Pod)) return;
  request.annotate?.(`${PREFIX}enforce-policy`, standardText(enforce));
  const violations = violationsOf(pod, enforce);
  tell(request, pod, found, violations.length > 0);
  if (violations.length === 0) return;
  throw forbidden(kind, name, `violates PodSecurity "${standardText(enforce)}": ${violationsText(violations)}`);
}

/** Who is refused anyway is not warned as well. */
function tell(request: AdmissionRequest, pod: PodParts, { policy, errors }: ReadPolicy, isRefused = false): void {
  const { audit, warn } = policy;
  const would = (standard: Standard): string | undefined => {
    const violations = violationsOf(pod, standard);
    if (violations.length === 0) return undefined;
    return `would violate PodSecurity "${standardText(standard)}": ${violationsText(violations)}`;
  };
  if (errors.length > 0) request.annotate?.(`${PREFIX}error`, `Failed to parse policy: ${textOf(errors)}`);
  const noted = request.annotate && would(audit);
  if (noted) request.annotate?.(`${PREFIX}audit-violations`, noted);
  const warned = isRefused ? undefined : would(warn);
  if (warned) request.warn(warned);
}

function textOf(errors: ReadPolicy['errors']): string {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** Of a pod only its images can change, and ephemeral containers come: all else that is checked stays. */
function matters(pod: Pod, previous: Pod): boolean {
  const before = new Map(allContainers(previous).map((container) => [container.name, container]));
  const containers = allContainers(pod);
  return containers.length !== before.size || containers.some((container) => isNew(container, before));
}

function isNew({ name, image }: Container, before: ReadonlyMap<string, Container>): boolean {
  const known = before.get(name);
  return known === undefined || known.image !== image;
}
