/** JSON pointers, RFC 6901. */
import { setOwn } from '../machinery/json.ts';
import { isList, isObject } from './value.ts';
import type { JsonObject } from './value.ts';

/** What is wrong with a patch or with what it wants, before it is known how to say so to the client. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

/** Throws {@link PatchError} for text that is no pointer. */
export function parsePointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text))
    throw new PatchError(`invalid JSON pointer ${JSON.stringify(text)}`);
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The place that a pointer names: what holds it, and under which key or index. */
export class Place {
  readonly #holder: JsonObject | unknown[];
  readonly #step: string;
  readonly #pointer: string;

  constructor(root: JsonObject, steps: readonly string[], pointer: string) {
    let holder: unknown = root;
    for (const step of steps.slice(0, -1)) holder = childOf(holder, step);
    if (!isList(holder) && !isObject(holder)) throw new PatchError(`doc is missing path: ${JSON.stringify(pointer)}`);
    this.#holder = holder;
    this.#step = steps[steps.length - 1] ?? '';
    this.#pointer = pointer;
  }

  read(): unknown {
    const value = childOf(this.#holder, this.#step);
    if (value === undefined) throw this.#missing();
    return value;
  }

  /** Undefined when there is nothing. */
  peek(): unknown {
    return childOf(this.#holder, this.#step);
  }

  add(value: unknown): void {
    const holder = this.#holder;
    if (!isList(holder)) setOwn(holder, this.#step, value);
    else holder.splice(this.#step === '-' ? holder.length : this.#index(holder.length), 0, value);
  }

  replace(value: unknown): void {
    this.read();
    const holder = this.#holder;
    if (isList(holder)) holder[Number(this.#step)] = value;
    else setOwn(holder, this.#step, value);
  }

  remove(): unknown {
    const value = this.read();
    const holder = this.#holder;
    if (isList(holder)) holder.splice(Number(this.#step), 1);
    else delete holder[this.#step];
    return value;
  }

  #index(max: number): number {
    const index = indexOf(this.#step);
    if (index === undefined || index > max) {
      throw new PatchError(`unable to access invalid index: ${JSON.stringify(this.#step)}: invalid index referenced`);
    }
    return index;
  }

  #missing(): PatchError {
    return new PatchError(`doc is missing path: ${JSON.stringify(this.#pointer)}: missing value`);
  }
}

function childOf(holder: unknown, step: string): unknown {
  if (isList(holder)) {
    const index = indexOf(step);
    return index === undefined ? undefined : holder[index];
  }
  return isObject(holder) && Object.hasOwn(holder, step) ? holder[step] : undefined;
}

function indexOf(step: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : undefined;
}
