/** Files in volumes: where they are, what they hold and who may read them. */
import { checkConfigKey } from '../../machinery/names.ts';
import type { KeyToPath } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const MAX_MODE = 0o777;
const MODE_MESSAGE = 'must be a number between 0 and 0777 (octal), both inclusive';

export function validateItems(errors: FieldErrors, items: readonly KeyToPath[] | undefined, path: string): void {
  items?.forEach((item, index) => {
    const at = `${path}.items[${index}]`;
    if (!item.key) errors.required(`${at}.key`);
    else errors.check(`${at}.key`, item.key, checkConfigKey);
    if (!item.path) errors.required(`${at}.path`);
    else validateLocalPath(errors, item.path, `${at}.path`);
    validateMode(errors, item.mode, `${at}.mode`);
  });
}

export function validateMode(errors: FieldErrors, mode: number | undefined, path: string): void {
  if (mode !== undefined && (mode < 0 || mode > MAX_MODE)) errors.invalid(path, mode, MODE_MESSAGE);
}

/** A path that stays within the volume, and out of the way of what is written beside the files. */
export function validateLocalPath(errors: FieldErrors, local: string, path: string): void {
  if (local.startsWith('/')) errors.invalid(path, local, 'must be a relative path');
  if (local.split('/').includes('..')) errors.invalid(path, local, "must not contain '..'");
  else if (local.startsWith('..')) errors.invalid(path, local, "must not start with '..'");
}
