/** Containers that are added to a running pod to look into it. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import type { Container, EphemeralContainer, Pod, PodSpec } from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateContainer, validateImage } from './containers.ts';

const ALLOWED: ReadonlySet<string> = new Set<keyof EphemeralContainer>([
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'envFrom',
  'env',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  'targetContainerName',
]);
const NOT_HERE = 'cannot be set for an Ephemeral Container';

export function validateEphemeralContainers(errors: FieldErrors, spec: PodSpec, path: string): void {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  spec.ephemeralContainers?.forEach((container, index) => {
    const at = `${path}[${index}]`;
    validateContainer(errors, container as Container, spec, names, at);
    validateImage(errors, container, at);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.notFound(`${at}.targetContainerName`, target);
    forbidForeign(errors, container, at);
  });
}

/** A pod must not come to depend on them. */
function forbidForeign(errors: FieldErrors, container: EphemeralContainer, path: string): void {
  for (const [field, value] of Object.entries(container)) {
    if (!ALLOWED.has(field) && !isNothing(value)) errors.forbidden(`${path}.${field}`, NOT_HERE);
  }
  container.volumeMounts?.forEach(({ subPath, subPathExpr }, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    if (subPath) errors.forbidden(`${at}.subPath`, NOT_HERE);
    if (subPathExpr) errors.forbidden(`${at}.subPathExpr`, NOT_HERE);
  });
}

function isNothing(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** They are added and never changed or taken away. */
export function validateEphemeralUpdate({ spec: next }: Pod, { spec: previous }: Pod): FieldError[] {
  const errors = new FieldErrors();
  const path = 'spec.ephemeralContainers';
  validateEphemeralContainers(errors, next, path);
  const now = new Map(next.ephemeralContainers?.map((container) => [container.name, container]));
  for (const before of previous.ephemeralContainers ?? []) {
    const kept = now.get(before.name);
    const named = `existing ephemeral containers ${JSON.stringify(before.name)}`;
    if (!kept) errors.forbidden(path, `${named} may not be removed\n`);
    else if (!sameJson(before, kept)) errors.forbidden(path, `${named} may not be changed\n`);
  }
  return errors.list;
}
