/** Where everything of a local cluster is: a pure function of its name, its number and how many hosts it has. */
import { join } from 'node:path';
import { LocalError } from './errors.ts';

export type Role = 'server' | 'node';

export interface HostPlace {
  name: string;
  role: Role;
  address: string;
  netns: string;
  /** The bridge's end of the host's cable. */
  port: string;
  directory: string;
  cgroup: string;
}

export interface Topology {
  name: string;
  /** 0 to 255: which /24 of 10.89.0.0/16 is its link. */
  index: number;
  directory: string;
  /** The namespace with the bridge that all hosts are plugged into. */
  switchNetns: string;
  /** This machine's own end of a cable to that bridge. */
  uplink: string;
  uplinkAddress: string;
  switchAddress: string;
  prefixLength: number;
  hosts: HostPlace[];
}

export const CLUSTERS_DIRECTORY = '/var/lib/dure/clusters';
const FIRST_SERVER = 11;
const FIRST_NODE = 21;

export const LIMITS = { servers: 5, nodes: 100, nameLength: 20 };

/** Throws an Error a user can read. */
export function checkShape(name: string, servers: number, nodes: number): void {
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.length > LIMITS.nameLength) {
    throw new LocalError(`cluster name "${name}": must be a DNS label of at most ${LIMITS.nameLength} characters`);
  }
  if (![1, 3, 5].includes(servers))
    throw new LocalError(`--servers ${servers}: must be 1, 3 or 5, so that a majority exists`);
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > LIMITS.nodes) {
    throw new LocalError(`--nodes ${nodes}: must be a whole number from 0 to ${LIMITS.nodes}`);
  }
}

export function topologyOf(name: string, index: number, servers: number, nodes: number): Topology {
  const subnet = `10.89.${index}`;
  const directory = join(CLUSTERS_DIRECTORY, name);
  const host = (role: Role, number: number, first: number): HostPlace => ({
    name: `${role}-${number}`,
    role,
    address: `${subnet}.${first + number - 1}`,
    netns: `dure-${name}-${role}-${number}`,
    port: `${role}-${number}`,
    directory: join(directory, 'hosts', `${role}-${number}`),
    cgroup: `/dure/${name}/${role}-${number}`,
  });
  return {
    name,
    index,
    directory,
    switchNetns: `dure-${name}-switch`,
    uplink: `dure${index}`,
    uplinkAddress: `${subnet}.1`,
    switchAddress: `${subnet}.2`,
    prefixLength: 24,
    hosts: [
      ...Array.from({ length: servers }, (_, at) => host('server', at + 1, FIRST_SERVER)),
      ...Array.from({ length: nodes }, (_, at) => host('node', at + 1, FIRST_NODE)),
    ],
  };
}
