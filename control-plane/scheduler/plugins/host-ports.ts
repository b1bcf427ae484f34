/** Two pods on one node can't listen on the same host port. */
import { PORTS_TAKEN, portsCollide } from '../../../api/machinery/host-ports.ts';
import type { FilterPlugin, Refusal } from '../framework.ts';

const TAKEN: Refusal = { reasons: [PORTS_TAKEN], isFinal: false };

export const hostPorts: FilterPlugin = {
  name: 'NodePorts',
  scope: 'node',
  helpedBy: ['node added', 'pod freed'],
  ignores: (_event, info, other) => !portsCollide(info.hostPorts, other.hostPorts),
  prepare(info, snapshot) {
    if (info.hostPorts.length === 0) return undefined;
    return (row) => {
      for (const other of snapshot.pods[row] ?? []) {
        if (portsCollide(info.hostPorts, other.hostPorts)) return TAKEN;
      }
      return undefined;
    };
  },
};
