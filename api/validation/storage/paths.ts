/** Paths on nodes and within volumes. */
import type { HostPathVolumeSource } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function validateHostPath(
  errors: FieldErrors,
  { path: hostPath, type = '' }: HostPathVolumeSource,
  path: string,
): void {
  if (!hostPath) {
    errors.required(`${path}.path`);
    return;
  }
  validateNoBacksteps(errors, hostPath, `${path}.path`);
  if (!HOST_PATH_TYPES.includes(type)) errors.notSupported(`${path}.type`, type, HOST_PATH_TYPES);
}

export function validateNoBacksteps(errors: FieldErrors, target: string, path: string): void {
  if (target.split('/').includes('..')) errors.invalid(path, target, "must not contain '..'");
}
