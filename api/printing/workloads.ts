/** Columns of Deployments and ReplicaSets. */
import type { KubeObject } from '../object.ts';
import type { Deployment, ReplicaSet } from '../schema/types/apps.v1.ts';
import type { PodTemplateSpec } from '../schema/types/core.v1.ts';
import type { LabelSelector } from '../schema/types/meta.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { selectorText } from './selector-text.ts';

interface Workload extends KubeObject {
  spec: { template: PodTemplateSpec; selector?: LabelSelector };
}

const templateColumns: readonly Column<Workload>[] = [
  {
    name: 'Containers',
    description: 'Names of the containers in the template.',
    wide: true,
    cell: ({ spec }) => spec.template.spec.containers.map(({ name }) => name).join(','),
  },
  {
    name: 'Images',
    description: 'Images of the containers in the template.',
    wide: true,
    cell: ({ spec }) => spec.template.spec.containers.map(({ image }) => image ?? '').join(','),
  },
  {
    name: 'Selector',
    description: 'Labels of the pods that belong to it.',
    wide: true,
    cell: ({ spec }) => selectorText(spec.selector) || '<none>',
  },
];

export const deploymentColumns: readonly Column<Deployment>[] = [
  nameColumn,
  {
    name: 'Ready',
    description: 'Pods that are ready, of those wanted.',
    cell: ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  },
  {
    name: 'Up-to-date',
    type: 'integer',
    description: 'Pods made from the present template.',
    cell: ({ status }) => status.updatedReplicas ?? 0,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'Pods that have been ready for long enough.',
    cell: ({ status }) => status.availableReplicas ?? 0,
  },
  ageColumn,
  ...templateColumns,
];

export const replicaSetColumns: readonly Column<ReplicaSet>[] = [
  nameColumn,
  {
    name: 'Desired',
    type: 'integer',
    description: 'Pods wanted.',
    cell: ({ spec }) => spec.replicas ?? 0,
  },
  {
    name: 'Current',
    type: 'integer',
    description: 'Pods there are.',
    cell: ({ status }) => status.replicas ?? 0,
  },
  {
    name: 'Ready',
    type: 'integer',
    description: 'Pods that are ready.',
    cell: ({ status }) => status.readyReplicas ?? 0,
  },
  ageColumn,
  ...templateColumns,
];
