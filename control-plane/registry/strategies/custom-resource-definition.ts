/** CustomResourceDefinitions. Their names are accepted, and they are served, by the controller that watches over them. */
import { defaultCustomResourceDefinition } from '../../../api/defaults/custom-resource-definition.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../api/types/apiextensions.v1.ts';
import {
  validateDefinition,
  validateDefinitionStatus,
  validateDefinitionUpdate,
} from '../../../api/custom/definition/definition.ts';
import type { Strategy } from '../strategy.ts';

/** Holds a definition until the last of its objects is gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinitionStrategy: Strategy<CustomResourceDefinition> = {
  checkName: checkDnsSubdomain,
  generation: true,
  unconditionalUpdate: false,
  applyDefaults: defaultCustomResourceDefinition,
  prepareForCreate(definition) {
    definition.status = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] };
    rememberStored(definition);
  },
  prepareForUpdate: rememberStored,
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateDefinitionStatus,
  // None is removed before it was marked: its objects go first.
  isHeld: ({ metadata }) => metadata.deletionTimestamp === undefined,
  markDeleting(definition) {
    const { metadata, status } = definition;
    const finalizers = metadata.finalizers ?? [];
    if (!finalizers.includes(CLEANUP_FINALIZER)) metadata.finalizers = [...finalizers, CLEANUP_FINALIZER];
    const terminating: CustomResourceDefinitionCondition = {
      type: 'Terminating',
      status: 'True',
      ...(metadata.deletionTimestamp ? { lastTransitionTime: metadata.deletionTimestamp } : {}),
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    };
    status.conditions = [...status.conditions.filter(({ type }) => type !== 'Terminating'), terminating];
  },
};

function rememberStored({ spec, status }: CustomResourceDefinition): void {
  const name = spec.versions.find(({ storage }) => storage)?.name;
  if (name !== undefined && !status.storedVersions.includes(name)) {
    status.storedVersions = [...status.storedVersions, name];
  }
}
