/** Taints and tolerations, and cordoned nodes. */
import { isTolerated } from '../../../api/machinery/tolerations.ts';
import type { Taint } from '../../../api/types/core.v1.ts';
import type { FilterPlugin, Refusal, ScorePlugin } from '../framework.ts';

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const CORDONED: Refusal = { reasons: ['node(s) were unschedulable'], isFinal: true };
const TAINTED: Refusal = { reasons: ['node(s) had untolerated taint(s)'], isFinal: true };

export const unschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  scope: 'static',
  helpedBy: ['node added', 'node taints'],
  prepare({ pod }, snapshot) {
    if (isTolerated(UNSCHEDULABLE, pod.spec.tolerations)) return undefined;
    return (row) => (snapshot.unschedulable[row] ? CORDONED : undefined);
  },
};

export const taintToleration: FilterPlugin = {
  name: 'TaintToleration',
  scope: 'static',
  helpedBy: ['node added', 'node taints'],
  prepare({ pod }, snapshot) {
    const isUntolerated = (taint: Taint): boolean =>
      taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, pod.spec.tolerations);
    return (row) => (snapshot.taints[row]?.some(isUntolerated) ? TAINTED : undefined);
  },
};

export const fewerAvoidedTaints: ScorePlugin = {
  name: 'TaintTolerationPreferred',
  scope: 'static',
  weight: 3,
  prepare({ pod }, snapshot) {
    const avoided = (row: number): number =>
      (snapshot.taints[row] ?? []).filter(
        (taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, pod.spec.tolerations),
      ).length;
    const most = Math.max(0, ...[...snapshot.all()].map(avoided));
    return most === 0 ? undefined : (row) => 100 * (1 - avoided(row) / most);
  },
};
