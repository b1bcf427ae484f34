/** A pod can only be where the volumes of its claims are, or can be made. */
import { HOSTNAME_LABEL } from '../../../api/machinery/local-volumes.ts';
import { hostnamesOf } from '../../../api/machinery/persistent-volumes.ts';
import type { FilterPlugin, Refusal } from '../framework.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Conflict, type Needs, stepsOn } from '../volumes.ts';

/** No pod's end changes any of it. */
const REFUSALS: Readonly<Record<Conflict, Refusal>> = {
  affinity: { reasons: ["node(s) didn't match PersistentVolume's node affinity"], isFinal: true },
  'no volume': { reasons: ["node(s) didn't find available persistent volumes to bind"], isFinal: true },
  'missing volume': {
    reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
    isFinal: true,
  },
};

export const volumeBinding: FilterPlugin = {
  name: 'VolumeBinding',
  // Claims and volumes come and go without any node's changing.
  scope: 'cluster',
  helpedBy: ['node added', 'node labels', 'claim changed', 'volume changed', 'storage class changed'],
  objection: (info, { volumes }) => volumes.objection(info),
  prepare(info, { volumes, names, labels }) {
    if (!info.claims) return undefined;
    const needs = volumes.needsOf(info);
    return (row) => {
      const steps = stepsOn(needs, names[row] ?? '', labels[row]);
      return typeof steps === 'string' ? REFUSALS[steps] : undefined;
    };
  },
  narrow: (info, snapshot) => (info.claims ? rowsFor(snapshot.volumes.needsOf(info), snapshot) : undefined),
};

/** Where a volume of the pod is, if that can be told by the names of nodes. */
function rowsFor({ bound, open }: Needs, snapshot: Snapshot): readonly number[] | undefined {
  const selected = open.find((claim) => claim.selected !== undefined)?.selected;
  if (selected !== undefined) return rowsOf([selected], snapshot);
  for (const volume of bound) {
    const rows = rowsOf(hostnamesOf(volume) ?? [], snapshot);
    if (rows.length > 0 && rows.every((row) => snapshot.labels[row]?.[HOSTNAME_LABEL] === snapshot.names[row])) {
      return rows;
    }
  }
  return undefined;
}

function rowsOf(nodes: readonly string[], snapshot: Snapshot): readonly number[] {
  return nodes.map((node) => snapshot.rowOf(node)).filter((row) => row !== undefined);
}
