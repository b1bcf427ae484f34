/** `--custom`: a part of a container that is merged into the debugging container. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { StrategicMerge } from '../../api/patch/strategic.ts';
import { loadSchemaTable } from '../../api/schema/table.ts';
import { CommandError } from '../errors.ts';

const CONTAINER_TYPE = 'io.k8s.api.core.v1.Container';
const FIXED = ['name', 'command', 'image', 'lifecycle', 'volumeDevices'];

/** The same container when there is no file. Throws CommandError for a file that is no part of a container. */
export function customizer(file: string | undefined): <T extends object>(container: T) => T {
  if (file === undefined) return (container) => container;
  const part = partIn(file);
  const merge = new StrategicMerge({ table: loadSchemaTable() });
  return <T extends object>(container: T): T => merge.apply(CONTAINER_TYPE, container, part) as unknown as T;
}

function partIn(file: string): object {
  const part = parsed(file, textOf(file));
  if (FIXED.some((name) => Object.hasOwn(part, name))) {
    throw new CommandError('name, command, image, lifecycle and volume devices are not modifiable via custom profile');
  }
  return part;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message;
    throw new CommandError(`must pass a container spec json file for custom profile: open ${file}: ${why}`);
  }
}

function parsed(file: string, text: string): object {
  try {
    const value: unknown = parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new CommandError(`${file} does not contain a valid container spec: ${(error as Error).message}`);
  }
  throw new CommandError(`${file} does not contain a valid container spec: it is no object`);
}
