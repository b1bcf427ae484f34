/** Probes and lifecycle hooks: what is done to a container, and how often. */
import { checkHttpHeaderName, checkPortName, checkPortNumber } from '../../machinery/names.ts';
import type { Container, HTTPGetAction, LifecycleHandler, Probe, ProbeHandler } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

type Handler = ProbeHandler & LifecycleHandler;

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

export function validateProbes(errors: FieldErrors, container: Container, path: string): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) validateProbe(errors, livenessProbe, `${path}.livenessProbe`, true);
  if (startupProbe) validateProbe(errors, startupProbe, `${path}.startupProbe`, true);
  if (!readinessProbe) return;
  validateProbe(errors, readinessProbe, `${path}.readinessProbe`, false);
  if (readinessProbe.terminationGracePeriodSeconds !== undefined) {
    const at = `${path}.readinessProbe.terminationGracePeriodSeconds`;
    errors.invalid(at, readinessProbe.terminationGracePeriodSeconds, 'must not be set for readinessProbes');
  }
}

function validateProbe(errors: FieldErrors, probe: Probe, path: string, endsContainer: boolean): void {
  validateHandler(errors, probe, path);
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  for (const field of counts) errors.notNegative(`${path}.${field}`, probe[field]);
  if (endsContainer && probe.successThreshold !== 1) {
    errors.invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1');
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
  }
}

export function validateLifecycle(
  errors: FieldErrors,
  { lifecycle }: Container,
  graceSeconds: number | undefined,
  path: string,
): void {
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = lifecycle?.[hook];
    if (!handler) continue;
    const at = `${path}.lifecycle.${hook}`;
    validateHandler(errors, handler, at);
    const seconds = handler.sleep?.seconds;
    if (seconds !== undefined && (seconds < 0 || seconds > (graceSeconds ?? 30))) {
      const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds ?? 30})`;
      errors.invalid(`${at}.sleep`, seconds, detail);
    }
  }
}

function validateHandler(errors: FieldErrors, handler: Handler, path: string): void {
  const present = HANDLERS.filter((field) => handler[field] !== undefined);
  if (present.length === 0) errors.required(path, 'must specify a handler type');
  for (const field of present.slice(1))
    errors.forbidden(`${path}.${field}`, 'may not specify more than 1 handler type');
  if (handler.exec && !handler.exec.command?.length) errors.required(`${path}.exec.command`);
  if (handler.httpGet) validateHttpGet(errors, handler.httpGet, `${path}.httpGet`);
  if (handler.tcpSocket) validatePort(errors, handler.tcpSocket.port, `${path}.tcpSocket.port`);
  if (handler.grpc) errors.check(`${path}.grpc.port`, handler.grpc.port, checkPortNumber);
}

function validateHttpGet(errors: FieldErrors, action: HTTPGetAction, path: string): void {
  if (!action.path) errors.required(`${path}.path`);
  validatePort(errors, action.port, `${path}.port`);
  errors.oneOf(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']);
  action.httpHeaders?.forEach(({ name }, index) => {
    errors.check(`${path}.httpHeaders[${index}]`, name, checkHttpHeaderName);
  });
}

export function validatePort(errors: FieldErrors, port: number | string | undefined, path: string): void {
  if (typeof port === 'string') errors.check(path, port, checkPortName);
  else errors.invalidEach(path, port ?? 0, checkPortNumber(port ?? 0));
}
