/** storage.k8s.io */
import type { storageKinds } from '../../kinds/storage.ts';
import type { KubeObject } from '../../object.ts';
import { ageColumn, type Column, type ColumnsOf, nameColumn } from '../columns.ts';

/** Names the object, and says whether it is the one for those who don't choose. */
function nameOrDefault(...annotations: readonly string[]): Column<KubeObject> {
  return {
    ...nameColumn,
    cell: ({ metadata }) => {
      const isDefault = annotations.some((annotation) => metadata.annotations?.[annotation] === 'true');
      return `${metadata.name ?? ''}${isDefault ? ' (default)' : ''}`;
    },
  };
}

export const storageColumns: ColumnsOf<typeof storageKinds> = {
  storageclasses: [
    nameOrDefault('storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'),
    { name: 'Provisioner', description: 'Who makes its volumes.', cell: ({ provisioner }) => provisioner },
    {
      name: 'ReclaimPolicy',
      description: 'What becomes of a volume that is no longer claimed.',
      cell: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete',
    },
    {
      name: 'VolumeBindingMode',
      description: 'When a claim gets its volume.',
      cell: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate',
    },
    {
      name: 'AllowVolumeExpansion',
      description: 'Whether claims may ask for more later.',
      cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  csidrivers: [
    nameColumn,
    {
      name: 'AttachRequired',
      type: 'boolean',
      description: 'Whether its volumes are attached to nodes.',
      cell: ({ spec }) => spec.attachRequired ?? true,
    },
    {
      name: 'PodInfoOnMount',
      type: 'boolean',
      description: 'Whether it is told about the pod.',
      cell: ({ spec }) => spec.podInfoOnMount ?? false,
    },
    {
      name: 'StorageCapacity',
      type: 'boolean',
      description: 'Whether the scheduler asks how much it has left.',
      cell: ({ spec }) => spec.storageCapacity ?? false,
    },
    {
      name: 'TokenRequests',
      description: 'Audiences of the tokens it is given.',
      cell: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    },
    {
      name: 'RequiresRepublish',
      type: 'boolean',
      description: 'Whether it wants to mount again from time to time.',
      cell: ({ spec }) => spec.requiresRepublish ?? false,
    },
    {
      name: 'Modes',
      description: 'Lives that its volumes can have.',
      cell: ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>',
    },
    ageColumn,
  ],
  csinodes: [
    nameColumn,
    {
      name: 'Drivers',
      type: 'integer',
      description: 'Number of drivers on the node.',
      cell: ({ spec }) => spec.drivers.length,
    },
    ageColumn,
  ],
  csistoragecapacities: [
    nameColumn,
    {
      name: 'StorageClassName',
      description: 'Class that the capacity is of.',
      cell: ({ storageClassName }) => storageClassName,
    },
    { name: 'Capacity', description: 'How much there is.', cell: ({ capacity }) => capacity ?? '<unset>' },
  ],
  volumeattachments: [
    nameColumn,
    { name: 'Attacher', description: 'Driver that attaches it.', cell: ({ spec }) => spec.attacher },
    {
      name: 'PV',
      description: 'Volume that is attached.',
      cell: ({ spec }) => spec.source?.persistentVolumeName ?? '',
    },
    { name: 'Node', description: 'Node that it is attached to.', cell: ({ spec }) => spec.nodeName },
    {
      name: 'Attached',
      type: 'boolean',
      description: 'Whether it is attached.',
      cell: ({ status }) => status.attached ?? false,
    },
    ageColumn,
  ],
  volumeattributesclasses: [
    nameOrDefault('volumeattributesclass.alpha.kubernetes.io/is-default-class'),
    { name: 'DriverName', description: 'Driver that knows its parameters.', cell: ({ driverName }) => driverName },
    ageColumn,
  ],
};
