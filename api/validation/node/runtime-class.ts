/** RuntimeClass: a name for a way to run containers. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsLabel } from '../../machinery/names.ts';
import type { RuntimeClass, Scheduling } from '../../types/node.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateLabels } from '../metadata.ts';
import { validateToleration } from '../pod/scheduling.ts';
import { validateResources } from '../resources.ts';

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors = new FieldErrors();
  errors.check('handler', handler, checkDnsLabel);
  // Kubernetes judges the overhead as it does the limits of a container, and says so in the path.
  if (overhead) validateResources(errors, { limits: overhead.podFixed ?? {} }, 'overhead');
  if (scheduling) validateNodeChoice(errors, scheduling, 'scheduling');
  return errors.list;
}

function validateNodeChoice(errors: FieldErrors, { nodeSelector, tolerations = [] }: Scheduling, path: string): void {
  validateLabels(errors, nodeSelector, `${path}.nodeSelector`);
  const seen = new Set<string>();
  tolerations.forEach((toleration, index) => {
    const at = `${path}.tolerations[${index}]`;
    validateToleration(errors, toleration, at);
    const { key, operator, value, effect } = toleration;
    const text = JSON.stringify([key, operator, value, effect]);
    if (seen.has(text)) errors.duplicate(at, toleration);
    seen.add(text);
  });
}

export function validateRuntimeClassUpdate(next: RuntimeClass, previous: RuntimeClass): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('handler', sameJson(next.handler, previous.handler), next.handler);
  return errors.list;
}
