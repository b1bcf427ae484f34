/** Daemon sets, their pods, and nodes, for tests. */
import type { DaemonSet, RollingUpdateDaemonSet } from '../../../api/types/apps.v1.ts';
import type { Node, Pod, PodSpec, Taint } from '../../../api/types/core.v1.ts';
import { affinityTo } from '../../../control-plane/controllers/daemonset/placement.ts';
import { aPod } from './world.ts';

export const HASH = 'controller-revision-hash';

interface SetFields {
  readonly rollingUpdate?: RollingUpdateDaemonSet;
  readonly onDelete?: boolean;
  readonly spec?: Partial<PodSpec>;
  readonly minReadySeconds?: number;
}

export function aDaemonSet({ rollingUpdate, onDelete, spec, minReadySeconds }: SetFields = {}): DaemonSet {
  return {
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-daemonsets-web',
      generation: 1,
      annotations: { 'deprecated.daemonset.template.generation': '1' },
    },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [], ...spec } },
      updateStrategy: onDelete
        ? { type: 'OnDelete' }
        : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0, ...rollingUpdate } },
      revisionHistoryLimit: 10,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  };
}

export function aNode(name: string, fields: { labels?: Record<string, string>; taints?: Taint[] } = {}): Node {
  const { labels = {}, taints } = fields;
  return { metadata: { name, labels }, spec: taints ? { taints } : {} } as Node;
}

interface DaemonFields {
  readonly hash?: string;
  readonly ready?: boolean;
  readonly phase?: string;
  /** Not on its node yet. */
  readonly waiting?: boolean;
  readonly going?: boolean;
}

/** A pod of the daemon set for a node. */
export function aDaemon(name: string, node: string, fields: DaemonFields = {}): Pod {
  const { hash, ready = true, phase = 'Running', waiting = false, going = false } = fields;
  const pod = aPod(name, { ready, ...(waiting ? {} : { node }) });
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web', uid: 'uid-daemonsets-web', controller: true };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { app: 'web', ...(hash ? { [HASH]: hash } : {}) },
      ownerReferences: [owner],
      ...(going ? { deletionTimestamp: '2026-01-01T11:00:00Z' } : {}),
    },
    spec: { ...pod.spec, affinity: affinityTo(node, undefined) },
    status: { ...pod.status, phase },
  };
}
