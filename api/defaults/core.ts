/** Defaults of the core group's kinds that have templates, addresses or limits. */
import type { Endpoints, LimitRange, PodTemplate, ReplicationController, ResourceQuota } from '../types/core.v1.ts';
import { defaultPodTemplate } from './pod.ts';

export function defaultReplicationController(controller: ReplicationController): void {
  controller.spec ??= {};
  controller.status ??= { replicas: 0 };
  const { spec, metadata } = controller;
  spec.replicas ??= 1;
  if (!spec.template) return;
  defaultPodTemplate(spec.template);
  const labels = spec.template.metadata?.labels;
  if (!labels) return;
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

export function defaultPodTemplateObject(object: PodTemplate): void {
  object.template ??= { metadata: {}, spec: { containers: [] } };
  defaultPodTemplate(object.template);
}

export function defaultEndpoints({ subsets = [] }: Endpoints): void {
  for (const { ports = [] } of subsets) for (const port of ports) port.protocol ||= 'TCP';
}

export function defaultResourceQuota(quota: ResourceQuota): void {
  quota.spec ??= {};
  quota.status ??= {};
}

/** What a container asks for when it says nothing follows from what it may ask for. */
export function defaultLimitRange(range: LimitRange): void {
  range.spec ??= { limits: [] };
  range.spec.limits ??= [];
  for (const item of range.spec.limits) {
    if (item.type !== 'Container') continue;
    item.default = { ...item.max, ...item.default };
    item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
  }
}
