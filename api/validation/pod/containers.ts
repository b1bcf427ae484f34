/** Containers and init containers. */
import { checkDnsLabel, checkPortName, checkPortNumber, rangeMessage } from '../../machinery/names.ts';
import type { Container, ContainerPort, PodSpec, SecurityContext } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateResources } from '../resources.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { validateDevices } from './devices.ts';
import { validateLifecycle, validateProbes } from './probes.ts';
import { isSidecar, validateContainerRestarts, validateResizePolicy } from './restarts.ts';
import { validateMounts } from './volumes.ts';

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MAX_ID = 2 ** 31 - 1;

export function validateContainers(errors: FieldErrors, spec: PodSpec, path: string): void {
  const names = new Set<string>();
  const hostPorts = new Set<string>();
  if (!spec.containers?.length) errors.required(`${path}.containers`);
  spec.containers?.forEach((container, index) => {
    const at = `${path}.containers[${index}]`;
    validateContainer(errors, container, spec, names, at);
    validateProbes(errors, container, at);
    validateLifecycle(errors, container, spec.terminationGracePeriodSeconds, at);
    validateHostPorts(errors, container, hostPorts, at);
    validateContainerRestarts(errors, container, false, at);
  });
  spec.initContainers?.forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`;
    validateContainer(errors, container, spec, names, at);
    validateHostPorts(errors, container, new Set(), at);
    validateContainerRestarts(errors, container, true, at);
    if (isSidecar(container)) {
      validateProbes(errors, container, at);
      validateLifecycle(errors, container, spec.terminationGracePeriodSeconds, at);
    } else forbidProbes(errors, container, at);
  });
}

/** One that ends before the others begin has nothing to be asked. */
function forbidProbes(errors: FieldErrors, container: Container, path: string): void {
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (!container[field]) continue;
    errors.forbidden(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always');
  }
}

/** What holds for every container; adds its name to `names`. */
export function validateContainer(
  errors: FieldErrors,
  container: Container,
  spec: PodSpec,
  names: Set<string>,
  path: string,
): void {
  const { name, image } = container;
  if (!name) errors.required(`${path}.name`);
  else errors.check(`${path}.name`, name, checkDnsLabel);
  if (name && names.has(name)) errors.duplicate(`${path}.name`, name);
  names.add(name);
  if (!image) errors.required(`${path}.image`);
  errors.oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  if (!container.terminationMessagePath) errors.required(`${path}.terminationMessagePath`);
  const policies = ['File', 'FallbackToLogsOnError'];
  errors.oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, policies);
  validatePorts(errors, container.ports, spec.hostNetwork === true, `${path}.ports`);
  validateEnv(errors, container.env, `${path}.env`);
  validateEnvFrom(errors, container.envFrom, `${path}.envFrom`);
  validateMounts(errors, container, spec.volumes, path);
  validateDevices(errors, container, spec.volumes, path);
  validateResizePolicy(errors, container.resizePolicy, spec.restartPolicy, `${path}.resizePolicy`);
  validateResources(errors, container.resources, `${path}.resources`);
  if (container.securityContext) validateSecurity(errors, container.securityContext, spec, `${path}.securityContext`);
}

/** Of a pod; templates have long had images with space around them. */
export function validateImage(errors: FieldErrors, { image }: Pick<Container, 'image'>, path: string): void {
  if (image === undefined || image.trim() === image) return;
  errors.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
}

function validatePorts(
  errors: FieldErrors,
  ports: readonly ContainerPort[] | undefined,
  hostNetwork: boolean,
  path: string,
): void {
  const names = new Set<string>();
  ports?.forEach((port, index) => {
    const at = `${path}[${index}]`;
    if (port.name) {
      errors.check(`${at}.name`, port.name, checkPortName);
      if (names.has(port.name)) errors.duplicate(`${at}.name`, port.name);
      names.add(port.name);
    }
    if (!port.containerPort) errors.required(`${at}.containerPort`);
    else errors.check(`${at}.containerPort`, port.containerPort, checkPortNumber);
    if (port.hostPort) errors.check(`${at}.hostPort`, port.hostPort, checkPortNumber);
    if (hostNetwork && port.hostPort && port.hostPort !== port.containerPort) {
      errors.invalid(`${at}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true');
    }
    errors.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS);
  });
}

function validateHostPorts(errors: FieldErrors, { ports }: Container, taken: Set<string>, path: string): void {
  ports?.forEach(({ protocol, hostIP = '', hostPort }, index) => {
    if (!hostPort) return;
    const key = `${protocol}/${hostIP}/${hostPort}`;
    if (taken.has(key)) errors.duplicate(`${path}.ports[${index}].hostPort`, key);
    taken.add(key);
  });
}

function validateSecurity(errors: FieldErrors, context: SecurityContext, { hostUsers }: PodSpec, path: string): void {
  validateId(errors, context.runAsUser, `${path}.runAsUser`);
  validateId(errors, context.runAsGroup, `${path}.runAsGroup`);
  if (context.procMount !== undefined) errors.oneOf(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']);
  if (context.procMount === 'Unmasked' && hostUsers !== false) {
    errors.invalid(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`');
  }
  if (context.allowPrivilegeEscalation !== false) return;
  if (context.privileged) {
    errors.invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
  }
  if (context.capabilities?.add?.some((capability) => capability === 'CAP_SYS_ADMIN')) {
    errors.invalid(
      path,
      context,
      'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
    );
  }
}

export function validateId(errors: FieldErrors, id: number | undefined, path: string): void {
  if (id !== undefined && (id < 0 || id > MAX_ID)) errors.invalid(path, id, rangeMessage(0, MAX_ID));
}
