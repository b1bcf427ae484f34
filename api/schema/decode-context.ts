/** Where a decoder is and what it found on its way; one a decoded object. */
import { MAX_DEPTH, pathText } from '../machinery/path.ts';

/** Thrown for a value of the wrong type; its message is in the words of Kubernetes' decoder. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Enough to say what is wrong; more would only make the answer long. */
const MAX_UNKNOWN = 100;

type Target = 'numeric' | 'other';

export class DecodeContext {
  /** How many steps of `path` are meant. */
  depth = 0;
  /** Names of fields, keys of maps, indices of lists. */
  readonly path: (string | number)[] = [];
  /** The Go name of the struct that has the field at this step of the path; undefined for a map's key or an index. */
  readonly structs: (string | undefined)[] = [];
  readonly unknown: string[] = [];

  /** Takes a step; pair it with `depth -= 1`. */
  enter(struct: string | undefined): void {
    this.structs[this.depth] = struct;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
  }

  addUnknown(name: string): void {
    if (this.unknown.length < MAX_UNKNOWN) this.unknown.push(pathText([...this.path.slice(0, this.depth - 1), name]));
  }

  /** The error for a value that a field of this Go type can't hold. Only a numeric type's error cites the number. */
  mismatch(value: unknown, goType: string, target: Target = 'other'): DecodeError {
    let struct: string | undefined;
    const names: (string | number | undefined)[] = [];
    for (let step = 0; step < this.depth; step += 1) {
      if (this.structs[step] === undefined) continue;
      struct = this.structs[step];
      names.push(this.path[step]);
    }
    const place = struct === undefined ? 'value' : `struct field ${struct}.${names.join('.')}`;
    return new DecodeError(`json: cannot unmarshal ${describe(value, target)} into Go ${place} of type ${goType}`);
  }
}

/** For a value that decodes itself: its error does not say which field it stood in. */
export function bareMismatch(value: unknown, goType: string, target: Target = 'other'): DecodeError {
  return new DecodeError(`json: cannot unmarshal ${describe(value, target)} into Go value of type ${goType}`);
}

function describe(value: unknown, target: Target): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return target === 'numeric' ? `number ${value}` : 'number';
    case 'boolean':
      return 'bool';
    default:
      return 'object';
  }
}
