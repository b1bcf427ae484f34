/** Volumes that containers see as block devices. */
import type { Container, Volume } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

export function validateDevices(
  errors: FieldErrors,
  container: Container,
  volumes: readonly Volume[] | undefined,
  path: string,
): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  const { volumeDevices, volumeMounts = [] } = container;
  volumeDevices?.forEach(({ name, devicePath }, index) => {
    const at = `${path}.volumeDevices[${index}]`;
    if (!name) errors.required(`${at}.name`);
    if (name && names.has(name)) errors.invalid(`${at}.name`, name, 'must be unique');
    validateVolume(errors, name, volumes, at);
    if (!devicePath) errors.required(`${at}.devicePath`);
    if (devicePath && paths.has(devicePath)) errors.invalid(`${at}.devicePath`, devicePath, 'must be unique');
    if (devicePath?.split('/').includes('..')) {
      errors.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')");
    }
    if (name && volumeMounts.some((mount) => mount.name === name)) {
      errors.invalid(`${at}.name`, name, 'must not already exist in volumeMounts');
    }
    if (devicePath && volumeMounts.some(({ mountPath }) => mountPath === devicePath)) {
      errors.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    }
    names.add(name);
    paths.add(devicePath);
  });
}

function validateVolume(errors: FieldErrors, name: string, volumes: readonly Volume[] = [], path: string): void {
  const volume = volumes.find((each) => each.name === name);
  if (!volume) errors.notFound(`${path}.name`, name);
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
    errors.invalid(`${path}.name`, name, detail);
  }
}
