/**
 * The class of directories on nodes, which claims get that name none. It is the users': once it was made it is not made
 * again, whatever became of it; the system's namespace remembers that.
 */
import { type Kind, kinds } from '../../../api/kinds.ts';
import { LOCAL_DRIVER } from '../../../api/machinery/local-volumes.ts';
import { isDefaultStorageClass } from '../../../api/machinery/default-classes.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Namespace } from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';
import { type Action, targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';

export const LOCAL_CLASS = 'local';
const MADE = 'local.dure.internal/class-made';

/** `system`: the namespace kube-system. */
export function planLocalClass(system: Namespace | undefined, classes: readonly StorageClass[]): Plan {
  if (!system) return { ...NOTHING, reasons: ['the namespace kube-system is not there yet'] };
  if (system.metadata.annotations?.[MADE] !== undefined) return NOTHING;
  const target = targetOf(kinds.namespaces, system);
  const patch = { metadata: { annotations: { [MADE]: 'true' } } };
  const remember: Action = { do: 'patch', target, patch, why: 'it is made once' };
  if (classes.some(({ metadata }) => metadata.name === LOCAL_CLASS)) return { actions: [remember], reasons: [] };
  const object = localClass(!classes.some(isDefaultStorageClass)) as unknown as KubeObject;
  const why = 'every cluster begins with it';
  return { actions: [{ do: 'create', kind: kinds.storageclasses as Kind, object, why }, remember], reasons: [] };
}

function localClass(isDefault: boolean): StorageClass {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: LOCAL_CLASS, ...(isDefault ? { annotations } : {}) },
    provisioner: LOCAL_DRIVER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
}
