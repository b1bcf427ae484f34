/** The parts of a pod that only a subresource of their own changes. */
import { type FieldError, invalid, modified } from '../../api/errors.ts';
import { defaultPod } from '../../api/defaults/pod.ts';
import { copyJson, sameJson } from '../../api/machinery/json.ts';
import type { Pod, PodSpec } from '../../api/schema/types/core.v1.ts';
import { validateEphemeralUpdate } from '../../api/validation/pod/ephemeral.ts';
import { validateResize } from '../../api/validation/pod/resize.ts';
import { qosClassOf } from './pod-qos.ts';
import type { Resource, WriteOptions } from './port.ts';

export type PodPart = 'ephemeralcontainers' | 'resize';

interface Rules {
  /** The pod as it is, with the part of what is wanted. */
  readonly merge: (wanted: PodSpec, current: PodSpec) => PodSpec;
  readonly validate: (next: Pod, previous: Pod) => FieldError[];
}

const PARTS: Readonly<Record<PodPart, Rules>> = {
  ephemeralcontainers: {
    merge({ ephemeralContainers }, current) {
      const { ephemeralContainers: _former, ...spec } = current;
      return ephemeralContainers?.length ? { ...spec, ephemeralContainers } : spec;
    },
    validate: validateEphemeralUpdate,
  },
  resize: { merge: (wanted) => wanted, validate: validateSameClass },
};

/** A pod keeps the class that it was placed with. */
function validateSameClass(next: Pod, previous: Pod): FieldError[] {
  const errors = validateResize(next, previous);
  if (errors.length > 0 || qosClassOf(next.spec) === qosClassOf(previous.spec)) return errors;
  const message = `Invalid value: ${JSON.stringify(previous.status.qosClass ?? '')}: Pod QOS Class may not change as a result of resizing`;
  return [{ type: 'FieldValueInvalid', field: 'spec', message }];
}

/**
 * `decide` gets the pod and returns it with the part as it shall be; of all else that it returns only the resourceVersion
 * counts, which must be the present one if there is one. Rejects with Invalid, Conflict and whatever `decide` throws.
 */
export function changePodPart(
  pods: Pick<Resource<Pod>, 'kind'> & {
    rewrite(
      namespace: string,
      name: string,
      change: (current: Pod) => Pod,
      options?: WriteOptions & { countsUp?: boolean },
    ): Promise<Pod>;
  },
  part: PodPart,
  { namespace, name }: { namespace: string; name: string },
  decide: (current: Pod) => Pod,
  options: WriteOptions = {},
): Promise<Pod> {
  const { merge, validate } = PARTS[part];
  const change = (current: Pod): Pod => {
    const wanted = decide(current);
    const version = wanted.metadata.resourceVersion;
    if (version && version !== current.metadata.resourceVersion) throw modified(pods.kind, name);
    const next = copyJson({ ...current, spec: merge(wanted.spec, current.spec) });
    defaultPod(next);
    if (sameJson(next.spec, current.spec)) return current;
    const errors = validate(next, current);
    if (errors.length > 0) throw invalid(pods.kind, name, errors);
    return next;
  };
  return pods.rewrite(namespace, name, change, { ...options, countsUp: true });
}
