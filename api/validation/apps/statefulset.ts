/** StatefulSet. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel } from '../../machinery/names.ts';
import type {
  RollingUpdateStatefulSetStrategy,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
} from '../../types/apps.v1.ts';
import type { PodTemplateSpec, Volume } from '../../types/core.v1.ts';
import { amountOf, validateAmount, validateShare } from '../amounts.ts';
import { validateCollisions, validateCounts, validateReplicaCounts } from '../counts.ts';
import { FieldErrors } from '../field-errors.ts';
import { validatePodTemplate } from '../pod/spec.ts';
import { validateClaimSpec } from '../storage/claim.ts';
import { validateEndless, validateRequiredSelection } from '../templates.ts';

const RETENTION = ['Retain', 'Delete'];
const IMMUTABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const MUTABLE_FIELDS = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const satisfies readonly (keyof StatefulSetSpec)[];

/** What of a set is looked at: what can't change is not judged again. */
interface Scope {
  readonly isNew: boolean;
  readonly withTemplate: boolean;
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  return validateSpec(spec, { isNew: true, withTemplate: true });
}

/** A set that was wrong already may keep its template as it is, or nothing else of it could be changed. */
export function validateStatefulSetUpdate(next: StatefulSet, previous: StatefulSet): FieldError[] {
  const scope = { isNew: false, withTemplate: true };
  let list = validateSpec(next.spec, scope);
  if (list.length > 0 && validateSpec(previous.spec, scope).length > 0) {
    list = validateSpec(next.spec, { ...scope, withTemplate: false });
  }
  const errors = new FieldErrors();
  const restored: Partial<StatefulSetSpec> = { ...next.spec };
  for (const field of MUTABLE_FIELDS) Object.assign(restored, { [field]: previous.spec[field] });
  if (!sameJson(restored, previous.spec)) errors.forbidden('spec', IMMUTABLE);
  return [...list, ...errors.list];
}

export function validateStatefulSetStatus(next: StatefulSet, previous: StatefulSet): FieldError[] {
  const errors = new FieldErrors();
  validateCounts(errors, next.status);
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  validateReplicaCounts(errors, next.status, parts, 'status.readyReplicas');
  validateCollisions(errors, next.status, previous.status);
  return errors.list;
}

function validateSpec(spec: StatefulSetSpec, { isNew, withTemplate }: Scope): FieldError[] {
  const errors = new FieldErrors();
  validateManagement(errors, spec.podManagementPolicy);
  validateUpdateStrategy(errors, spec.updateStrategy, 'spec.updateStrategy');
  validateRetention(errors, spec.persistentVolumeClaimRetentionPolicy);
  if (isNew) {
    spec.volumeClaimTemplates?.forEach((claim, index) => {
      validateClaimSpec(errors, claim.spec, `spec.volumeClaimTemplates[${index}].spec`);
    });
  }
  errors.notNegative('spec.replicas', spec.replicas);
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  errors.notNegative('spec.ordinals.start', spec.ordinals?.start);
  if (isNew && spec.serviceName) errors.check('spec.serviceName', spec.serviceName, checkDnsLabel);
  const isSelected = validateRequiredSelection(errors, spec, { kind: 'statefulset', malformed: '' });
  if (isSelected && withTemplate) validatePodTemplate(errors, templateOf(spec), 'spec.template');
  validateEndless(errors, spec.template, 'StatefulSet');
  return errors.list;
}

function validateRetention(
  errors: FieldErrors,
  retention: StatefulSetSpec['persistentVolumeClaimRetentionPolicy'],
): void {
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[field];
    if (policy === undefined || RETENTION.includes(policy)) continue;
    errors.notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, RETENTION);
  }
}

function validateManagement(errors: FieldErrors, policy: string | undefined): void {
  const path = 'spec.podManagementPolicy';
  if (!policy) errors.required(path);
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    errors.invalid(path, policy, "must be 'OrderedReady' or 'Parallel'");
  }
}

function validateUpdateStrategy(errors: FieldErrors, strategy: StatefulSetUpdateStrategy, path: string): void {
  const { type, rollingUpdate } = strategy;
  if (!type) errors.required(path);
  else if (type === 'OnDelete') {
    if (rollingUpdate) {
      errors.invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
    }
  } else if (type !== 'RollingUpdate') {
    errors.invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
  } else if (rollingUpdate) validateRollingUpdate(errors, rollingUpdate, `${path}.rollingUpdate`);
}

function validateRollingUpdate(errors: FieldErrors, update: RollingUpdateStatefulSetStrategy, path: string): void {
  errors.notNegative(`${path}.partition`, update.partition);
  const { maxUnavailable } = update;
  if (maxUnavailable === undefined) return;
  const at = `${path}.maxUnavailable`;
  validateAmount(errors, maxUnavailable, at);
  if (amountOf(maxUnavailable) === 0) errors.invalid(at, maxUnavailable, 'cannot be 0');
  validateShare(errors, maxUnavailable, at);
}

/** As its pods will be: the set gives them their names and the volumes of their claims. */
function templateOf({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  const { hostname: _hostname, subdomain: _subdomain, ...spec } = template.spec;
  if (volumeClaimTemplates.length === 0) return { ...template, spec };
  const claims = new Map(
    volumeClaimTemplates.map(({ metadata: { name = '' } }): [string, Volume] => [
      name,
      { name, persistentVolumeClaim: { claimName: name } },
    ]),
  );
  const others = (spec.volumes ?? []).filter(({ name }) => !claims.has(name));
  return { ...template, spec: { ...spec, volumes: [...claims.values(), ...others] } };
}
