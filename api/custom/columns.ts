/** The columns that a definition adds to the tables of its objects. */
import { Template, valueText } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../object.ts';
import { type Cell, type Column, nameColumn } from '../printing/columns.ts';
import { since } from '../printing/duration.ts';
import type { CustomResourceColumnDefinition } from '../types/apiextensions.v1.ts';

const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

/** Their paths have been checked when the definition was. */
export function customColumns(columns: readonly CustomResourceColumnDefinition[] | undefined): Column<KubeObject>[] {
  return [nameColumn, ...(columns?.length ? columns : [AGE]).map(columnOf)];
}

function columnOf({
  name,
  type,
  format,
  description,
  priority,
  jsonPath,
}: CustomResourceColumnDefinition): Column<KubeObject> {
  const template = Template.parse(`{${jsonPath}}`);
  return {
    name,
    type: type as Column<KubeObject>['type'] & string,
    format: format ?? '',
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    cell: (object, now) => cellOf(template, type, object, now),
  };
}

/** A path that leads nowhere, or to something of another type, has nothing to show. */
function cellOf(template: Template, type: string, object: KubeObject, now: Date): Cell {
  const value = firstOf(template, object);
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? age(value, now) : null;
    default:
      return valueText(value);
  }
}

function firstOf(template: Template, object: KubeObject): unknown {
  try {
    return template.find(object)[0];
  } catch {
    // Such as an index beyond the end of a list: there is nothing to show.
    return undefined;
  }
}

function age(value: string, now: Date): string {
  return Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, now);
}
