/** Containers, as `describe` shows them. */
import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  EnvFromSource,
  Probe,
} from '../../api/types/core.v1.ts';
import { milliOf, bytesOf } from '../../api/machinery/quantity.ts';
import { timeText, type Lines } from './common.ts';

/** `status` is that of the container, when it runs somewhere; `step` indents its name, `inner` all else. */
export function containerLines(container: Container, step: string, inner: string, status?: ContainerStatus): Lines {
  return [
    `${step}${container.name}:`,
    ...(status ? [`${inner}Container ID:\t${status.containerID ?? ''}`] : []),
    `${inner}Image:\t${container.image ?? ''}`,
    ...(status ? [`${inner}Image ID:\t${status.imageID ?? ''}`] : []),
    ...portLines(container, inner),
    ...wordLines('Command', container.command, inner),
    ...wordLines('Args', container.args, inner),
    ...(status ? statusLines(status, inner) : []),
    ...quantityLines('Limits', container.resources?.limits, inner),
    ...quantityLines('Requests', container.resources?.requests, inner),
    ...probeLines('Liveness', container.livenessProbe, inner),
    ...probeLines('Readiness', container.readinessProbe, inner),
    ...probeLines('Startup', container.startupProbe, inner),
    ...environmentLines(container, inner),
    ...mountLines(container, inner),
  ];
}

function portLines({ ports = [] }: Container, indent: string): Lines {
  const text = (number: number | undefined, { protocol = 'TCP', name }: (typeof ports)[number]): string =>
    `${number ?? 0}/${protocol}${name ? ` (${name})` : ''}`;
  const plural = ports.length > 1 ? 's' : '';
  const inside = ports.map((port) => text(port.containerPort, port)).join(', ') || '<none>';
  const outside = ports.map((port) => text(port.hostPort, port)).join(', ') || '<none>';
  return [`${indent}Port${plural}:\t${inside}`, `${indent}Host Port${plural}:\t${outside}`];
}

function wordLines(title: string, words: readonly string[] | undefined, indent: string): Lines {
  if (!words?.length) return [];
  return [`${indent}${title}:`, ...words.flatMap((word) => word.split('\n')).map((word) => `${indent}  ${word}`)];
}

function statusLines(status: ContainerStatus, indent: string): Lines {
  const { state, lastState, ready, restartCount } = status;
  const last = lastState?.terminated ? stateLines('Last State', lastState, indent) : [];
  return [
    ...stateLines('State', state, indent),
    ...last,
    `${indent}Ready:\t${ready ? 'True' : 'False'}`,
    `${indent}Restart Count:\t${restartCount}`,
  ];
}

function stateLines(title: string, state: ContainerState | undefined, indent: string): Lines {
  const { running, waiting, terminated } = state ?? {};
  if (running) return [`${indent}${title}:\tRunning`, `${indent}  Started:\t${timeText(running.startedAt)}`];
  if (terminated) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = terminated;
    return [
      `${indent}${title}:\tTerminated`,
      ...(reason ? [`${indent}  Reason:\t${reason}`] : []),
      ...(message ? [`${indent}  Message:\t${message}`] : []),
      `${indent}  Exit Code:\t${exitCode}`,
      ...(signal ? [`${indent}  Signal:\t${signal}`] : []),
      `${indent}  Started:\t${timeText(startedAt)}`,
      `${indent}  Finished:\t${timeText(finishedAt)}`,
    ];
  }
  const reason = waiting?.reason ? [`${indent}  Reason:\t${waiting.reason}`] : [];
  return [`${indent}${title}:\tWaiting`, ...reason];
}

function quantityLines(title: string, values: Readonly<Record<string, string>> | undefined, indent: string): Lines {
  const entries = Object.entries(values ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return [];
  return [`${indent}${title}:`, ...entries.map(([name, value]) => `${indent}  ${name}:\t${value}`)];
}

function probeLines(title: string, probe: Probe | undefined, indent: string): Lines {
  if (!probe) return [];
  const { initialDelaySeconds: delay = 0, timeoutSeconds: timeout = 1, periodSeconds: period = 10 } = probe;
  const counts = `#success=${probe.successThreshold ?? 1} #failure=${probe.failureThreshold ?? 3}`;
  return [`${indent}${title}:\t${handlerText(probe)} delay=${delay}s timeout=${timeout}s period=${period}s ${counts}`];
}

export function handlerText({ exec, httpGet, tcpSocket, grpc }: Probe): string {
  if (exec) return `exec [${(exec.command ?? []).join(' ')}]`;
  if (httpGet) {
    const { scheme = 'HTTP', host = '', port, path = '' } = httpGet;
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path.startsWith('/') || path === '' ? '' : '/'}${path}`;
  }
  if (tcpSocket) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port}`;
  return grpc ? `grpc <pod>:${grpc.port} ${grpc.service ?? ''}` : 'unknown';
}

function environmentLines(container: Container, indent: string): Lines {
  const { env = [], envFrom = [] } = container;
  const from =
    envFrom.length > 0
      ? [`${indent}Environment Variables from:`, ...envFrom.map((source) => `${indent}  ${fromText(source)}`)]
      : [];
  if (env.length === 0) return [...from, `${indent}Environment:\t<none>`];
  return [
    ...from,
    `${indent}Environment:`,
    ...env.map((variable) => `${indent}  ${variable.name}:\t${valueText(variable, container)}`),
  ];
}

function fromText({ configMapRef, secretRef, prefix }: EnvFromSource): string {
  const kind = configMapRef ? 'ConfigMap' : 'Secret';
  const reference = configMapRef ?? secretRef;
  const name = reference?.name ?? '';
  return `${name}\t${kind}${prefix ? ` with prefix '${prefix}'` : ''}\tOptional: ${reference?.optional === true}`;
}

function valueText({ value, valueFrom }: EnvVar, container: Container): string {
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = valueFrom ?? {};
  if (fieldRef) return ` (${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`;
  if (secretKeyRef) {
    return `<set to the key '${secretKeyRef.key}' in secret '${secretKeyRef.name ?? ''}'>\tOptional: ${secretKeyRef.optional === true}`;
  }
  if (configMapKeyRef) {
    return `<set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name ?? ''}'>\tOptional: ${configMapKeyRef.optional === true}`;
  }
  if (resourceFieldRef) return `${resourceText(resourceFieldRef.resource, container)} (${resourceFieldRef.resource})`;
  return (value ?? '').replaceAll('\n', '\\n');
}

/** What the container will find in a variable that is taken from its resources; whole cores, or bytes. */
function resourceText(resource: string, { resources }: Container): string {
  const [side = '', name = ''] = resource.split('.');
  const amount = resources?.[side as 'limits' | 'requests']?.[name];
  if (amount === undefined) return '0';
  return name === 'cpu' ? String(Math.ceil(milliOf(amount) / 1000)) : String(bytesOf(amount));
}

function mountLines({ volumeMounts = [] }: Container, indent: string): Lines {
  if (volumeMounts.length === 0) return [`${indent}Mounts:\t<none>`];
  const sorted = volumeMounts.toSorted((a, b) => (a.mountPath < b.mountPath ? -1 : 1));
  return [
    `${indent}Mounts:`,
    ...sorted.map(({ mountPath, name, readOnly, subPath }) => {
      const flags = [readOnly ? 'ro' : 'rw', ...(subPath ? [`path="${subPath}"`] : [])];
      return `${indent}  ${mountPath} from ${name} (${flags.join(',')})`;
    }),
  ];
}
