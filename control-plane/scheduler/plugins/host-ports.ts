/** Two pods on one node can't listen on the same host port. */
import type { FilterPlugin, Refusal } from '../framework.ts';
import type { HostPort } from '../pod-info.ts';

const ANY = '0.0.0.0';
const TAKEN: Refusal = { reasons: ["node(s) didn't have free ports for the requested pod ports"], isFinal: false };

export const hostPorts: FilterPlugin = {
  name: 'NodePorts',
  scope: 'node',
  helpedBy: ['node added', 'pod freed'],
  prepare(info, snapshot) {
    if (info.hostPorts.length === 0) return undefined;
    return (row) => {
      for (const other of snapshot.pods[row] ?? []) {
        if (other.hostPorts.some((taken) => info.hostPorts.some((wanted) => collide(taken, wanted)))) return TAKEN;
      }
      return undefined;
    };
  },
};

function collide(a: HostPort, b: HostPort): boolean {
  const isSameAddress = a.address === b.address || a.address === ANY || b.address === ANY;
  return a.port === b.port && a.protocol === b.protocol && isSameAddress;
}
