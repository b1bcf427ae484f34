/** Changing what the containers of a running pod ask for. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import type { Container, Pod, ResourceRequirements } from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateResources } from '../resources.ts';
import { isSidecar, validateResizePolicy } from './restarts.ts';

const RESIZABLE = ['cpu', 'memory'];
const LISTS = ['containers', 'initContainers'] as const;

export function validateResize(next: Pod, previous: Pod): FieldError[] {
  const errors = new FieldErrors();
  if (!canResize(previous)) errors.forbidden('spec', 'Pod running on node without support for resize');
  validateOrder(errors, next, previous);
  if (errors.list.some(({ field }) => field !== 'spec')) return errors.list;
  for (const list of LISTS) {
    next.spec[list]?.forEach((container, index) => {
      validateContainerResize(errors, container, previous.spec[list]![index]!, list, `spec.${list}[${index}]`);
      const at = `spec.${list}[${index}].resizePolicy`;
      validateResizePolicy(errors, container.resizePolicy, next.spec.restartPolicy, at);
    });
  }
  if (errors.list.length > 0) return errors.list;
  const restored = { ...next.spec, containers: previous.spec.containers, initContainers: previous.spec.initContainers };
  if (!sameJson(restored, previous.spec)) errors.forbidden('spec', 'only cpu and memory resources are mutable');
  return errors.list;
}

/** A node that carries out resizes reports what a running container has. */
function canResize({ status }: Pod): boolean {
  const running = status.containerStatuses?.find(({ state }) => state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

function validateOrder(errors: FieldErrors, next: Pod, previous: Pod): void {
  for (const list of LISTS) {
    const before = previous.spec[list] ?? [];
    const now = next.spec[list] ?? [];
    if (before.length !== now.length) {
      errors.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`);
      continue;
    }
    before.forEach(({ name }, index) => {
      if (now[index]?.name === name) return;
      errors.forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`);
    });
  }
}

function validateContainerResize(
  errors: FieldErrors,
  next: Container,
  previous: Container,
  list: (typeof LISTS)[number],
  path: string,
): void {
  validateResources(errors, next.resources, `${path}.resources`);
  const mayChange = list === 'containers' || isSidecar(previous);
  if (!mayChange) {
    if (!sameJson(next, previous)) errors.forbidden('spec', 'resources for non-sidecar init containers are immutable');
    return;
  }
  for (const field of ['requests', 'limits'] as const) {
    const now = next.resources[field] ?? {};
    if (Object.keys(previous.resources[field] ?? {}).every((name) => Object.hasOwn(now, name))) continue;
    errors.forbidden(`${path}.resources.${field}`, `resource ${field} cannot be removed`);
  }
  const restored = { ...next, resources: withoutResizable(next.resources), resizePolicy: previous.resizePolicy };
  if (sameJson(restored, { ...previous, resources: withoutResizable(previous.resources) })) return;
  const what = list === 'containers' ? 'resources' : 'resources for sidecar containers';
  errors.forbidden('spec', `only cpu and memory ${what} are mutable`);
}

/** Empty lists count as none. */
function withoutResizable({ limits, requests, ...rest }: ResourceRequirements): object {
  const others = (amounts: Record<string, string> = {}): [string, string][] =>
    Object.entries(amounts).filter(([name]) => !RESIZABLE.includes(name));
  return { ...rest, limits: Object.fromEntries(others(limits)), requests: Object.fromEntries(others(requests)) };
}
