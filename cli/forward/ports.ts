/** Which local port leads to which port of a pod. */
import type { Pod, Service } from '../../api/types/core.v1.ts';
import { CommandError } from '../errors.ts';

export interface PortPair {
  /** 0: any that is free. */
  readonly local: number;
  /** Of the pod. */
  readonly remote: number;
}

const MAX_PORT = 65_535;

/** `8080:80`, `80`, `:80`, `8080:http`; through a service its ports are meant, not the pod's. Throws CommandError. */
export function parsePort(text: string, pod: Pod, service?: Service): PortPair {
  const [first = '', second, ...more] = text.split(':');
  if (more.length > 0) throw new CommandError(`invalid port format '${text}'`);
  const asked = second ?? first;
  const named = numberOf(asked) ?? portNamed(asked, pod, service);
  const remote = service ? targetPort(named, pod, service) : named;
  const local = second === undefined ? named : first === '' ? 0 : numberOf(first);
  if (local === undefined || remote < 1 || remote > MAX_PORT || local > MAX_PORT)
    throw new CommandError(`invalid port format '${text}'`);
  return { local, remote };
}

function numberOf(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function portNamed(name: string, pod: Pod, service: Service | undefined): number {
  const found = service ? service.spec?.ports?.find((port) => port.name === name)?.port : containerPort(name, pod);
  if (found !== undefined) return found;
  const where = service ? `Service '${service.metadata.name}'` : `Pod '${pod.metadata.name}'`;
  throw new CommandError(`${where} does not have a named port '${name}'`);
}

function containerPort(name: string, { spec }: Pod): number | undefined {
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
  ];
  return containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)?.containerPort;
}

function targetPort(wanted: number, pod: Pod, { metadata, spec }: Service): number {
  const port = spec?.ports?.find((candidate) => candidate.port === wanted);
  if (!port) throw new CommandError(`Service ${metadata.name} does not have a service port ${wanted}`);
  // A headless service without a target has the same port on its pods.
  if (spec?.clusterIP === 'None') return typeof port.targetPort === 'number' ? port.targetPort : wanted;
  const { targetPort: target = wanted } = port;
  if (typeof target === 'number') return target === 0 ? wanted : target;
  const found = containerPort(target, pod);
  if (found === undefined) throw new CommandError(`Pod '${pod.metadata.name}' does not have a named port '${target}'`);
  return found;
}
