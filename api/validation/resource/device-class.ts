/** DeviceClass: devices that can be asked for by one name. */
import type { FieldError } from '../../errors.ts';
import { checkQualifiedName } from '../../machinery/names.ts';
import type { DeviceClass } from '../../types/resource.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateConfiguration, validateSelectors, validateSet } from './names.ts';

const MAX_CONFIGS = 32;

export function validateDeviceClass({ spec }: DeviceClass): FieldError[] {
  const errors = new FieldErrors();
  validateSelectors(errors, spec.selectors, 'spec.selectors');
  validateSet(errors, spec.config, 'spec.config', {
    most: MAX_CONFIGS,
    each: (config, at) => validateConfiguration(errors, config, at),
  });
  const { extendedResourceName: name } = spec;
  if (name !== undefined && !isExtendedResource(name)) {
    errors.invalid('spec.extendedResourceName', name, 'must be a valid extended resource name');
  }
  return errors.list;
}

/** A resource that is not Kubernetes' own, as nodes may offer it. */
function isExtendedResource(name: string): boolean {
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  return !isNative && !name.startsWith('requests.') && checkQualifiedName(`requests.${name}`).length === 0;
}
