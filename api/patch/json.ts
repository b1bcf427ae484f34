/**
 * JSON Patch, RFC 6902, all or nothing. Our own rather than a library's, because a patch comes from anyone: what is
 * copied is bounded (each `copy` could double the document), and no key reaches a prototype.
 */
import { badRequest, rejectedPatch, tooLarge } from '../errors.ts';
import { copyJson, sameJson } from '../machinery/json.ts';
import { MAX_DEPTH } from '../machinery/path.ts';
import { parsePointer, PatchError, Place } from './pointer.ts';
import { isList, isObject } from './value.ts';
import type { JsonObject } from './value.ts';

export const MAX_OPERATIONS = 10_000;
/** Nodes and characters that all `copy` operations may add; as much as a request may hold. */
const MAX_COPIED = 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/**
 * Neither argument is changed. Throws BadRequest for what is no patch, RequestEntityTooLarge for more than
 * {@link MAX_OPERATIONS}, Invalid (422) for a patch that does not apply, a failed `test` included.
 */
export function applyJsonPatch(original: object, patch: unknown): unknown {
  const operations = checkedOperations(patch);
  const run = new Run(copyJson(original) as JsonObject);
  for (const operation of operations) {
    try {
      run.apply(operation);
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      throw rejectedPatch(`${operation.op} operation does not apply: ${error.message}`);
    }
  }
  return run.document;
}

function checkedOperations(patch: unknown): Operation[] {
  if (!isList(patch)) throw badRequest('json: a JSON patch must be a list of operations');
  if (patch.length > MAX_OPERATIONS) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  return patch.map((operation, index) => {
    if (!isOperation(operation))
      throw badRequest(`json: operation ${index} of the JSON patch needs a textual op and path`);
    return operation;
  });
}

function isOperation(value: unknown): value is Operation & JsonObject {
  if (!isObject(value)) return false;
  return typeof value['op'] === 'string' && typeof value['path'] === 'string';
}

class Run {
  document: unknown;
  #copied = 0;

  constructor(document: JsonObject) {
    this.document = document;
  }

  apply(operation: Operation): void {
    switch (operation.op) {
      case 'add':
        return this.#write(operation, 'add');
      case 'replace':
        return this.#write(operation, 'replace');
      case 'remove':
        this.#place(operation.path).remove();
        return;
      case 'move':
        return this.#move(operation);
      case 'copy':
        return this.#copy(operation);
      case 'test':
        return this.#test(operation);
      default:
        throw new PatchError(`Unexpected kind: ${operation.op}`);
    }
  }

  #write(operation: Operation, how: 'add' | 'replace'): void {
    if (!Object.hasOwn(operation, 'value')) throw new PatchError('it has no value');
    const value = copyJson(operation.value);
    if (operation.path === '') this.document = value;
    else this.#place(operation.path)[how](value);
  }

  #move({ from, path }: Operation): void {
    const source = sourceOf(from);
    if (path === source) return;
    if (path.startsWith(`${source}/`)) throw new PatchError('a value cannot be moved into itself');
    const value = this.#place(source).remove();
    if (path === '') this.document = value;
    else this.#place(path).add(value);
  }

  #copy({ from, path }: Operation): void {
    const source = sourceOf(from);
    const value = source === '' ? this.document : this.#place(source).read();
    this.#copied += sizeOf(value, 0);
    if (this.#copied > MAX_COPIED) throw new PatchError('the operations copy too much');
    const copy = copyJson(value);
    if (path === '') this.document = copy;
    else this.#place(path).add(copy);
  }

  #test({ path, value }: Operation): void {
    const current = path === '' ? this.document : this.#place(path).peek();
    // A missing value passes for null, as it does in Kubernetes.
    if (!sameJson(current ?? null, value ?? null)) throw new PatchError(`testing value ${path} failed`);
  }

  #place(pointer: string): Place {
    const steps = parsePointer(pointer);
    if (steps.length === 0) throw new PatchError('the whole document cannot be removed');
    if (steps.length > MAX_DEPTH) throw new PatchError('exceeded max depth');
    if (!isObject(this.document)) throw new PatchError(`doc is missing path: ${JSON.stringify(pointer)}`);
    return new Place(this.document, steps, pointer);
  }
}

function sourceOf(from: string | undefined): string {
  if (typeof from !== 'string') throw new PatchError('it has no from');
  return from;
}

/** Also holds the depth of what copies nest into each other. */
function sizeOf(value: unknown, depth: number): number {
  if (depth > MAX_DEPTH) throw new PatchError('exceeded max depth');
  if (typeof value === 'string') return value.length + 1;
  if (typeof value !== 'object' || value === null) return 1;
  let size = 1;
  for (const [key, item] of Object.entries(value)) size += key.length + sizeOf(item, depth + 1);
  return size;
}
