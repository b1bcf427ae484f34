/** Columns of what keeps pods running. */
import type { KubeObject } from '../object.ts';
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../types/apps.v1.ts';
import type { Container, PodTemplate, PodTemplateSpec, ReplicationController } from '../types/core.v1.ts';
import type { LabelSelector, OwnerReference } from '../types/meta.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { labelsText, selectorText } from './selector-text.ts';

interface Workload extends KubeObject {
  spec: { template: PodTemplateSpec; selector?: LabelSelector };
}

interface PodSource {
  readonly template: PodTemplateSpec | undefined;
  /** As text; '' for none. */
  readonly selector: string;
}

/** What pods are made from, in three wide columns. */
export function templateColumns<T extends KubeObject>(sourceOf: (object: T) => PodSource): Column<T>[] {
  const containersOf = (object: T): readonly Container[] => sourceOf(object).template?.spec.containers ?? [];
  return [
    {
      name: 'Containers',
      description: 'Names of the containers in the template.',
      wide: true,
      cell: (object) =>
        containersOf(object)
          .map(({ name }) => name)
          .join(','),
    },
    {
      name: 'Images',
      description: 'Images of the containers in the template.',
      wide: true,
      cell: (object) =>
        containersOf(object)
          .map(({ image }) => image ?? '')
          .join(','),
    },
    {
      name: 'Selector',
      description: 'Labels of the pods that belong to it.',
      wide: true,
      cell: (object) => sourceOf(object).selector || '<none>',
    },
  ];
}

const workloadColumns = templateColumns(({ spec }: Workload) => ({
  template: spec.template,
  selector: selectorText(spec.selector),
}));

/** A column with a number, 0 when there is none. */
export function countColumn<T extends KubeObject>(
  name: string,
  description: string,
  count: (object: T) => number | undefined,
): Column<T> {
  return { name, type: 'integer', description, cell: (object) => count(object) ?? 0 };
}

export const deploymentColumns: readonly Column<Deployment>[] = [
  nameColumn,
  {
    name: 'Ready',
    description: 'Pods that are ready, of those wanted.',
    cell: ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  },
  {
    name: 'Up-to-date',
    description: 'Pods made from the present template.',
    cell: ({ status }) => status.updatedReplicas ?? 0,
  },
  {
    name: 'Available',
    description: 'Pods that have been ready for long enough.',
    cell: ({ status }) => status.availableReplicas ?? 0,
  },
  ageColumn,
  ...workloadColumns,
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
  ...workloadColumns,
];

export const statefulSetColumns: readonly Column<StatefulSet>[] = [
  nameColumn,
  {
    name: 'Ready',
    description: 'Pods that are ready, of those wanted.',
    cell: ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  },
  ageColumn,
  ...workloadColumns.filter(({ name }) => name !== 'Selector'),
];

export const daemonSetColumns: readonly Column<DaemonSet>[] = [
  nameColumn,
  countColumn('Desired', 'Nodes that shall have a pod of it.', ({ status }) => status.desiredNumberScheduled),
  countColumn('Current', 'Nodes that have one.', ({ status }) => status.currentNumberScheduled),
  countColumn('Ready', 'Nodes on which it is ready.', ({ status }) => status.numberReady),
  countColumn('Up-to-date', 'Nodes with one of the present template.', ({ status }) => status.updatedNumberScheduled),
  countColumn('Available', 'Nodes on which it has been ready for long enough.', ({ status }) => status.numberAvailable),
  {
    name: 'Node Selector',
    description: 'Labels of the nodes that it is for.',
    cell: ({ spec }) => labelsText(spec.template.spec.nodeSelector),
  },
  ageColumn,
  ...workloadColumns,
];

export const replicationControllerColumns: readonly Column<ReplicationController>[] = [
  nameColumn,
  countColumn('Desired', 'Pods wanted.', ({ spec }) => spec.replicas),
  countColumn('Current', 'Pods there are.', ({ status }) => status.replicas),
  countColumn('Ready', 'Pods that are ready.', ({ status }) => status.readyReplicas),
  ageColumn,
  ...templateColumns(({ spec }: ReplicationController) => ({
    template: spec.template,
    selector: labelsText(spec.selector),
  })),
];

export const podTemplateColumns: readonly Column<PodTemplate>[] = [
  nameColumn,
  ...templateColumns(({ template }: PodTemplate) => ({
    template,
    selector: labelsText(template.metadata?.labels),
  })).map((column) => ({ ...column, wide: false, name: column.name === 'Selector' ? 'Pod Labels' : column.name })),
];

export const controllerRevisionColumns: readonly Column<ControllerRevision>[] = [
  nameColumn,
  { name: 'Controller', description: 'Whose state it is.', cell: controllerOf },
  { name: 'Revision', description: 'Its number in the row of states.', cell: ({ revision }) => revision },
  ageColumn,
];

/** `statefulset.apps/web`. */
function controllerOf({ metadata }: KubeObject): string {
  const owner: Partial<OwnerReference> | undefined = metadata.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return '<none>';
  const { apiVersion = '', kind = '', name = '' } = owner;
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return `${kind.toLowerCase()}${group}/${name}`;
}
