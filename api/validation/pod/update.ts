/** What may change in a pod after it was made (Kubernetes `ValidatePodUpdate` and `ValidatePodStatusUpdate`). */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsSubdomain } from '../../machinery/names.ts';
import type { Container, Pod, PodSpec, Toleration } from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateToleration } from './scheduling.ts';

const MUTABLE_FIELDS =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors = new FieldErrors();
  validateContainerCount(errors, next.spec.containers, previous.spec.containers, 'spec.containers');
  validateContainerCount(errors, next.spec.initContainers, previous.spec.initContainers, 'spec.initContainers');
  if (errors.list.length > 0) return errors.list;
  validateImages(errors, next.spec.containers, 'spec.containers');
  validateImages(errors, next.spec.initContainers, 'spec.initContainers');
  validateDeadline(errors, next.spec, previous.spec);
  validateTolerations(errors, next.spec.tolerations ?? [], previous.spec.tolerations ?? []);
  validateGates(errors, next.spec, previous.spec);
  if (!sameJson(withMutableFieldsOf(next.spec, previous.spec), previous.spec)) {
    errors.forbidden('spec', MUTABLE_FIELDS);
  }
  return errors.list;
}

function validateContainerCount(
  errors: FieldErrors,
  next: readonly Container[] | undefined,
  previous: readonly Container[] | undefined,
  path: string,
): void {
  if ((next?.length ?? 0) !== (previous?.length ?? 0)) {
    errors.forbidden(path, 'pod updates may not add or remove containers');
  }
}

function validateImages(errors: FieldErrors, containers: readonly Container[] | undefined, path: string): void {
  containers?.forEach(({ image }, index) => {
    const at = `${path}[${index}].image`;
    if (!image) errors.required(at);
    else if (image.trim() !== image) errors.invalid(at, image, 'must not have leading or trailing whitespace');
  });
}

function validateDeadline(errors: FieldErrors, next: PodSpec, previous: PodSpec): void {
  const path = 'spec.activeDeadlineSeconds';
  const now = next.activeDeadlineSeconds;
  const before = previous.activeDeadlineSeconds;
  if (now === undefined) {
    if (before !== undefined) errors.invalid(path, null, 'must not update from a positive integer to nil value');
  } else if (now < 0) {
    errors.invalid(path, now, 'must be greater than or equal to 0');
  } else if (before !== undefined && before < now) {
    errors.invalid(path, now, 'must be less than or equal to previous value');
  }
}

function validateTolerations(errors: FieldErrors, next: readonly Toleration[], previous: readonly Toleration[]): void {
  const missing = previous.some((before) => !next.some((now) => covers(now, before)));
  if (missing) {
    errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  }
  next.forEach((toleration, index) => validateToleration(errors, toleration, `spec.tolerations[${index}]`));
}

/** Gates only go away. */
function validateGates(errors: FieldErrors, next: PodSpec, previous: PodSpec): void {
  const known = new Set(previous.schedulingGates?.map(({ name }) => name));
  const added = (next.schedulingGates ?? []).filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (added.length > 0) {
    const detail = `only deletion is allowed, but found new scheduling gates '${added.join(', ')}'`;
    errors.forbidden('spec.schedulingGates', detail);
  }
}

function covers(a: Toleration, b: Toleration): boolean {
  return sameJson({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
}

function withMutableFieldsOf(next: PodSpec, previous: PodSpec): PodSpec {
  const spec: PodSpec = {
    ...next,
    containers: withImagesOf(next.containers, previous.containers) ?? [],
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
    tolerations: previous.tolerations,
    schedulingGates: previous.schedulingGates,
    terminationGracePeriodSeconds: graceOf(next, previous),
  } as PodSpec;
  const initContainers = withImagesOf(next.initContainers, previous.initContainers);
  return initContainers ? { ...spec, initContainers } : spec;
}

function graceOf(next: PodSpec, previous: PodSpec): number | undefined {
  const before = previous.terminationGracePeriodSeconds;
  const isRepair = before !== undefined && before < 0 && next.terminationGracePeriodSeconds === 1;
  return isRepair ? before : next.terminationGracePeriodSeconds;
}

function withImagesOf(next: Container[] | undefined, previous: Container[] | undefined): Container[] | undefined {
  return next?.map((container, index) => ({ ...container, image: previous?.[index]?.image }) as Container);
}

export function validatePodStatusUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors = new FieldErrors();
  const nominated = next.status.nominatedNodeName;
  validateRestarts(errors, next, previous);
  if (nominated) errors.check('status.nominatedNodeName', nominated, checkDnsSubdomain);
  return errors.list;
}

/** Nothing comes back from the dead in a pod that never restarts its containers. */
function validateRestarts(errors: FieldErrors, next: Pod, previous: Pod): void {
  const policy = next.spec.restartPolicy;
  if (policy === 'Always') return;
  previous.status.containerStatuses?.forEach((before) => {
    const ended = before.state?.terminated;
    if (!ended || (policy === 'OnFailure' && ended.exitCode !== 0)) return;
    const index = next.status.containerStatuses?.findIndex(({ name }) => name === before.name) ?? -1;
    const now = next.status.containerStatuses?.[index];
    if (now && !now.state?.terminated) {
      errors.forbidden(`status.containerStatuses[${index}].state`, 'may not be transitioned to non-terminated state');
    }
  });
}
