/** `explain` as text, laid out as kubectl lays it out. */
import { CommandError } from '../errors.ts';
import type { Schema, SchemaDocument } from './schema.ts';

const WIDTH = 80;
const MAX_DEPTH = 30;

export interface Explained {
  readonly document: SchemaDocument;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Schema;
  /** Field by field. */
  readonly path: readonly string[];
  readonly recursive: boolean;
}

export function explainText({ document, group, version, kind, schema, path, recursive }: Explained): string {
  const head = [...(group === '' ? [] : [`GROUP:      ${group}`]), `KIND:       ${kind}`, `VERSION:    ${version}`, ''];
  const field = fieldAt(document, schema, path);
  const target = path.length === 0 ? schema : document.inner(field).schema;
  const name = path.at(-1);
  const title = name === undefined ? [] : [`FIELD: ${name} <${document.typeText(field)}>`, ''];
  const own = path.length === 0 ? (schema.description ?? '') : (field.description ?? target.description ?? '');
  const about = target.description && target.description !== own && path.length > 0 ? [own, target.description] : [own];
  const texts = about.filter(Boolean).flatMap((text) => wrapped(text, '    '));
  const description = ['DESCRIPTION:', ...(texts.length > 0 ? texts : ['    <empty>']), '    '];
  const properties = target.properties ?? {};
  const fields = Object.keys(properties).length === 0 ? [] : ['FIELDS:', ...fieldLines(document, target, recursive, 0)];
  return [...head, ...title, ...description, ...fields, ''].map((line) => `${line}\n`).join('');
}

function fieldAt(document: SchemaDocument, schema: Schema, path: readonly string[]): Schema {
  let at = schema;
  for (const name of path) {
    const next = document.inner(at).schema.properties?.[name];
    if (!next) throw new CommandError(`field "${name}" does not exist`);
    at = next;
  }
  return at;
}

function fieldLines(document: SchemaDocument, schema: Schema, recursive: boolean, depth: number): string[] {
  const indent = '  '.repeat(depth + 1);
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, field]) => {
      const line = `${indent}${name}\t<${document.typeText(field)}>${required.has(name) ? ' -required-' : ''}`;
      const values = (field.enum ?? []).length > 0 ? [`${indent}enum: ${(field.enum ?? []).join(', ')}`] : [];
      if (!recursive)
        return [
          line,
          ...values,
          ...wrapped(field.description ?? document.inner(field).schema.description ?? '', `${indent}  `),
          '',
        ];
      const inner = depth < MAX_DEPTH ? document.inner(field).schema : {};
      return [line, ...values, ...(inner === schema ? [] : fieldLines(document, inner, true, depth + 1))];
    });
}

function wrapped(text: string, indent: string): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(/ +/)) {
      if (line !== '' && line.length + word.length + 1 > WIDTH - indent.length) {
        lines.push(line);
        line = '';
      }
      line += `${line === '' ? '' : ' '}${word}`;
    }
    return [...lines, line].map((each) => indent + each);
  });
}
