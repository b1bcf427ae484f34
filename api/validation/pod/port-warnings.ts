/** Ports that containers of one pod name twice. */
import type { ContainerPort, PodSpec } from '../../types/core.v1.ts';

interface Placed {
  readonly port: ContainerPort;
  readonly path: string;
}

export function warnOfPorts(spec: PodSpec, at: string): string[] {
  const known = new Map<string, Placed[]>();
  return portsOf(spec, at).flatMap((placed) => {
    const { containerPort, protocol } = placed.port;
    const key = `${containerPort}/${protocol}`;
    const others = known.get(key) ?? [];
    known.set(key, [...others, placed]);
    return others.flatMap((other) => {
      const how = clash(placed.port, other.port);
      return how === undefined ? [] : [`${placed.path}: ${how} port definition with ${other.path}`];
    });
  });
}

/** Who looks a port up by its name finds the first. */
export function warnOfPortNames(spec: PodSpec, at: string): string[] {
  const known = new Map<string, string>();
  return portsOf(spec, at).flatMap(({ port: { name }, path }) => {
    if (!name) return [];
    const first = known.get(name);
    if (first === undefined) known.set(name, path);
    if (first === undefined) return [];
    return [
      `${path}: duplicate port name "${name}" with ${first}, services and probes that select ports by name will use ${first}`,
    ];
  });
}

function portsOf({ initContainers = [], containers }: PodSpec, at: string): Placed[] {
  return Object.entries({ initContainers, containers }).flatMap(([list, all]) =>
    all.flatMap(({ ports = [] }, container) =>
      ports.map((port, index) => ({ port, path: `${at}.${list}[${container}].ports[${index}]` })),
    ),
  );
}

function clash(port: ContainerPort, other: ContainerPort): string | undefined {
  const [hostPort, otherHostPort] = [port.hostPort ?? 0, other.hostPort ?? 0];
  const [hostIP, otherHostIP] = [port.hostIP ?? '', other.hostIP ?? ''];
  if (hostIP === otherHostIP && hostPort === otherHostPort) return 'duplicate';
  if (hostPort === 0 || otherHostPort === 0) return 'overlapping';
  return hostPort === otherHostPort && (hostIP === '' || otherHostIP === '') ? 'dangerously ambiguous' : undefined;
}
