/** The parts of a pod that only a subresource of their own changes. */
import type { FieldError } from '../../../api/errors.ts';
import type { Container, Pod } from '../../../api/types/core.v1.ts';
import { validateEphemeralUpdate } from '../../../api/validation/pod/ephemeral.ts';
import { validateResize } from '../../../api/validation/pod/resize.ts';
import { qosClassOf } from '../../../api/machinery/pod-qos.ts';
import type { Part } from '../strategy.ts';

export const ephemeralContainers: Part<Pod> = {
  fields: ['spec.ephemeralContainers'],
  prepare(next, previous) {
    const { ephemeralContainers: wanted } = next.spec;
    const { ephemeralContainers: _former, ...spec } = previous.spec;
    restore(next, previous);
    next.spec = wanted?.length ? { ...spec, ephemeralContainers: wanted } : spec;
  },
  validate: validateEphemeralUpdate,
};

const RESIZED = ['resources', 'resizePolicy'] as const;

export const resize: Part<Pod> = {
  fields: ['containers', 'initContainers'].flatMap((list) => RESIZED.map((field) => `spec.${list}.*.${field}`)),
  prepare(next, previous) {
    const { containers, initContainers } = next.spec;
    // Containers that come, go or change places are for the validation to refuse, in its words.
    if (!isAligned(containers, previous.spec.containers)) return;
    if (!isAligned(initContainers ?? [], previous.spec.initContainers ?? [])) return;
    restore(next, previous);
    next.spec = { ...previous.spec, containers: resized(containers, previous.spec.containers) };
    if (initContainers && previous.spec.initContainers) {
      next.spec.initContainers = resized(initContainers, previous.spec.initContainers);
    }
  },
  validate: validateSameClass,
};

function restore(next: Pod, previous: Pod): void {
  const { managedFields } = next.metadata;
  next.metadata = { ...previous.metadata, ...(managedFields ? { managedFields } : {}) };
  if (!managedFields) delete next.metadata.managedFields;
  next.status = previous.status;
}

function isAligned(next: readonly Container[], previous: readonly Container[]): boolean {
  return next.length === previous.length && next.every(({ name }, index) => name === previous[index]?.name);
}

function resized(next: readonly Container[], previous: readonly Container[]): Container[] {
  return previous.map((container, index) => {
    const { resizePolicy: _former, ...kept } = container;
    const { resources, resizePolicy } = next[index] ?? container;
    return { ...kept, resources, ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

/** A pod keeps the class that it was placed with. */
function validateSameClass(next: Pod, previous: Pod): FieldError[] {
  const errors = validateResize(next, previous);
  if (errors.length > 0 || qosClassOf(next.spec) === qosClassOf(previous.spec)) return errors;
  const message = `Invalid value: ${JSON.stringify(previous.status.qosClass ?? '')}: Pod QOS Class may not change as a result of resizing`;
  return [{ type: 'FieldValueInvalid', field: 'spec', message }];
}
