/**
 * Parts of a pod that Dure does not carry out yet. To take them and do nothing would mislead, so a pod with them is
 * refused; a template with them is taken, and its pods are refused. A row goes when its feature comes.
 */
import type { Container, PodSpec, Volume } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const NOT_YET = 'is not supported by this version of Dure';

const SPEC_FIELDS = ['resourceClaims', 'resources', 'workloadRef'] as const satisfies readonly (keyof PodSpec)[];

const CONTAINER_FIELDS = ['volumeDevices'] as const satisfies readonly (keyof Container)[];

const VOLUMES: ReadonlySet<string> = new Set<keyof Volume>([
  'name',
  'emptyDir',
  'hostPath',
  'configMap',
  'secret',
  'downwardAPI',
  'projected',
  'persistentVolumeClaim',
  'ephemeral',
  // Nodes have no drivers to register yet: such a pod waits for its driver, as it would where none is installed.
  'csi',
]);

export function refuseUnsupported(errors: FieldErrors, spec: PodSpec, path: string): void {
  for (const field of SPEC_FIELDS) if (isSet(spec[field])) errors.forbidden(`${path}.${field}`, NOT_YET);
  if (spec.os && spec.os.name !== 'linux') errors.forbidden(`${path}.os.name`, NOT_YET);
  if (spec.securityContext?.supplementalGroupsPolicy === 'Strict') {
    errors.forbidden(`${path}.securityContext.supplementalGroupsPolicy`, NOT_YET);
  }
  spec.volumes?.forEach((volume, index) => {
    for (const source of Object.keys(volume)) {
      if (!VOLUMES.has(source) && isSet(volume[source as keyof Volume])) {
        errors.forbidden(`${path}.volumes[${index}].${source}`, NOT_YET);
      }
    }
  });
  spec.containers?.forEach((each, index) => refuseInContainer(errors, each, `${path}.containers[${index}]`));
  spec.initContainers?.forEach((each, index) => refuseInContainer(errors, each, `${path}.initContainers[${index}]`));
}

function refuseInContainer(errors: FieldErrors, container: Container, path: string): void {
  for (const field of CONTAINER_FIELDS) if (isSet(container[field])) errors.forbidden(`${path}.${field}`, NOT_YET);
  if (isSet(container.resources?.claims)) errors.forbidden(`${path}.resources.claims`, NOT_YET);
  if (container.lifecycle?.stopSignal !== undefined) errors.forbidden(`${path}.lifecycle.stopSignal`, NOT_YET);
  container.env?.forEach(({ valueFrom }, index) => {
    if (valueFrom?.fileKeyRef) errors.forbidden(`${path}.env[${index}].valueFrom.fileKeyRef`, NOT_YET);
  });
  container.volumeMounts?.forEach(({ recursiveReadOnly }, index) => {
    if (recursiveReadOnly === 'Enabled') errors.forbidden(`${path}.volumeMounts[${index}].recursiveReadOnly`, NOT_YET);
  });
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '' && value !== true;
}
