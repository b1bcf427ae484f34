/** The profiles that a pod can name as its schedulerName. */
import type { FilterPlugin, Profile } from './framework.ts';
import { hostPorts } from './plugins/host-ports.ts';
import { nodeAffinity, preferredNodes } from './plugins/node-affinity.ts';
import { podAffinity, preferredPodAffinity } from './plugins/pod-affinity.ts';
import { fewerReplicas } from './plugins/replicas.ts';
import { balancedAllocation, leastAllocated, resourcesFit } from './plugins/resources.ts';
import { fewerAvoidedTaints, taintToleration, unschedulable } from './plugins/taints.ts';
import { preferredSpread, topologySpread } from './plugins/topology-spread.ts';
import { volumeBinding } from './plugins/volume-binding.ts';
import { volumeRestrictions } from './plugins/volume-restrictions.ts';

/** Cheap ones and those that refuse most come first. What a pod needs holds in every profile; they differ in taste. */
const FILTERS: readonly FilterPlugin[] = [
  unschedulable,
  taintToleration,
  nodeAffinity,
  hostPorts,
  resourcesFit,
  volumeBinding,
  volumeRestrictions,
  topologySpread,
  podAffinity,
];

export const DEFAULT_PROFILE: Profile = {
  name: 'default-scheduler',
  filters: FILTERS,
  scores: [
    leastAllocated,
    balancedAllocation,
    preferredNodes,
    fewerAvoidedTaints,
    fewerReplicas,
    preferredSpread,
    preferredPodAffinity,
  ],
  choice: 'best score',
};

export const PROFILES: readonly Profile[] = [
  DEFAULT_PROFILE,
  { name: 'least-loaded', filters: FILTERS, scores: [leastAllocated], choice: 'best score' },
  { name: 'round-robin', filters: FILTERS, scores: [], choice: 'round robin' },
  { name: 'random', filters: FILTERS, scores: [], choice: 'random' },
];
