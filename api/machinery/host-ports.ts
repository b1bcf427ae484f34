/** Ports of a node that pods take for themselves. */
import type { Container, Pod } from '../types/core.v1.ts';

const ANY = '0.0.0.0';

/** Why a pod can't be where another has one of its ports, in Kubernetes' words. */
export const PORTS_TAKEN = "node(s) didn't have free ports for the requested pod ports";

export interface HostPort {
  readonly protocol: string;
  /** 0.0.0.0 is every address. */
  readonly address: string;
  readonly port: number;
}

/** Of all containers that may run at one time: sidecars are among the init containers. */
export function hostPortsOf({ spec }: Pod): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...spec.containers].flatMap(portsOf);
}

function portsOf({ ports = [] }: Container): HostPort[] {
  return ports
    .filter(({ hostPort }) => hostPort)
    .map(({ protocol = 'TCP', hostIP, hostPort = 0 }) => ({ protocol, address: hostIP || ANY, port: hostPort }));
}

/** Whether one of `wanted` is taken. */
export function portsCollide(wanted: readonly HostPort[], taken: readonly HostPort[]): boolean {
  return wanted.some((one) => taken.some((other) => collide(one, other)));
}

function collide(a: HostPort, b: HostPort): boolean {
  const isSameAddress = a.address === b.address || a.address === ANY || b.address === ANY;
  return a.port === b.port && a.protocol === b.protocol && isSameAddress;
}
