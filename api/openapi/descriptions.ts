/**
 * What types and fields are for, in the words of Kubernetes' own documentation, read from the doc comments of
 * `@kubernetes/client-node`'s models: a type is read when it is first asked for. Where they are silent, in ours.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { localName, packageName } from '../schema/table.ts';
import { ownDescription, type TypeDescription } from './own-descriptions.ts';

const NOTHING: TypeDescription = { text: '', fields: new Map() };

/** The text of a model's declaration file, by the model's name; undefined when there is no such model. */
export type ReadModel = (modelName: string) => string | undefined;

export function readInstalledModels(): ReadModel {
  const directory = new URL('gen/models/', import.meta.resolve('@kubernetes/client-node'));
  return (modelName) => {
    try {
      return readFileSync(fileURLToPath(new URL(`${modelName}.d.ts`, directory)), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };
}

export class Descriptions {
  readonly #read: ReadModel;
  readonly #known = new Map<string, TypeDescription>();

  constructor(options: { read: ReadModel }) {
    this.#read = options.read;
  }

  of(typeName: string): TypeDescription {
    const known = this.#known.get(typeName);
    if (known) return known;
    const text = modelNames(typeName)
      .map((name) => this.#read(name))
      .find((found) => found !== undefined);
    const description = completed(text === undefined ? NOTHING : parseModel(text), ownDescription(typeName));
    this.#known.set(typeName, description);
    return description;
  }
}

function completed(model: TypeDescription, own: TypeDescription): TypeDescription {
  return { text: model.text || own.text, fields: new Map([...own.fields, ...model.fields]) };
}

/** `V1Pod`; where two groups have a type of that name, the group stands before it, as in `CoreV1Event`. */
function modelNames(typeName: string): string[] {
  const group = typeName.split('.').at(-3) ?? '';
  const name = `${capitalized(packageName(typeName))}${localName(typeName)}`;
  return [`${capitalized(group)}${name}`, name];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const DOCUMENTED = /\/\*\*\n((?:\s*\*(?!\/).*\n)*)\s*\*\/\n\s*(?:export declare class \w+|'([^']+)'\??:)/g;

/** Exported for its test. */
export function parseModel(text: string): TypeDescription {
  const fields = new Map<string, string>();
  let own = '';
  for (const [, comment = '', field] of text.matchAll(DOCUMENTED)) {
    if (field === undefined) own = plainText(comment);
    else fields.set(field.replace(/^_/, ''), plainText(comment));
  }
  return { text: own, fields };
}

function plainText(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll(/\\(['"])/g, '$1')
    .trim();
}
