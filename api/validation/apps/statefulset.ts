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
import { isEmptySelector, validateEndless, validateSelection } from '../templates.ts';

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

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const errors = new FieldErrors();
  validateSpec(errors, spec);
  if (spec.serviceName) errors.check('spec.serviceName', spec.serviceName, checkDnsLabel);
  spec.volumeClaimTemplates?.forEach((claim, index) => {
    validateClaimSpec(errors, claim.spec, `spec.volumeClaimTemplates[${index}].spec`);
  });
  return errors.list;
}

/** What can't change is not judged again. */
export function validateStatefulSetUpdate(next: StatefulSet, previous: StatefulSet): FieldError[] {
  const errors = new FieldErrors();
  validateSpec(errors, next.spec);
  const restored: Partial<StatefulSetSpec> = { ...next.spec };
  for (const field of MUTABLE_FIELDS) Object.assign(restored, { [field]: previous.spec[field] });
  if (!sameJson(restored, previous.spec)) errors.forbidden('spec', IMMUTABLE);
  return errors.list;
}

export function validateStatefulSetStatus(next: StatefulSet, previous: StatefulSet): FieldError[] {
  const errors = new FieldErrors();
  validateCounts(errors, next.status);
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  validateReplicaCounts(errors, next.status, parts, 'status.readyReplicas');
  validateCollisions(errors, next.status, previous.status);
  return errors.list;
}

function validateSpec(errors: FieldErrors, spec: StatefulSetSpec): void {
  validateManagement(errors, spec.podManagementPolicy);
  validateUpdateStrategy(errors, spec.updateStrategy, 'spec.updateStrategy');
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[field];
    if (policy === undefined || RETENTION.includes(policy)) continue;
    errors.notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, RETENTION);
  }
  errors.notNegative('spec.replicas', spec.replicas);
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  errors.notNegative('spec.ordinals.start', spec.ordinals?.start);
  if (!spec.selector) errors.required('spec.selector');
  else if (isEmptySelector(spec.selector)) {
    errors.invalid('spec.selector', spec.selector, 'empty selector is invalid for statefulset');
  } else validateSelection(errors, spec.selector, spec.template);
  validatePodTemplate(errors, templateOf(spec), 'spec.template');
  validateEndless(errors, spec.template, 'StatefulSet');
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
