/** Any object, field by field. */
import type { KubeObject } from '../../api/object.ts';
import { isList, isObject } from '../../api/patch/value.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, type Lines } from './common.ts';

const SHOWN_ABOVE = new Set(['name', 'namespace', 'labels', 'annotations']);
const SHORT_FORMS = new Set(['api', 'uid', 'id', 'ip', 'cpu', 'url', 'dns', 'os', 'cidr', 'tls']);

export async function describeAnything(object: KubeObject, session: Session): Promise<Lines> {
  const { metadata } = object;
  const rest = { ...object, metadata: without(metadata, SHOWN_ABOVE) };
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...labelLines(object),
    ...annotationLines(object),
    ...fieldLines(rest, ''),
    ...(await eventLines(object, session)),
  ];
}

function without(value: object, names: ReadonlySet<string>): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !names.has(key) && key !== 'managedFields'));
}

function fieldLines(object: object, indent: string): Lines {
  return Object.entries(object)
    .map(([key, value]): [string, unknown] => [titleOf(key), value])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([title, value]) => valueLines(title, value, indent));
}

function valueLines(title: string, value: unknown, indent: string): Lines {
  if (isObject(value)) return [`${indent}${title}:`, ...fieldLines(value, `${indent}  `)];
  if (!isList(value))
    return [`${indent}${title}:\t${value === null ? '<nil>' : String(value as string | number | boolean)}`];
  const items = value.flatMap((item) =>
    isObject(item) ? fieldLines(item, `${indent}  `) : [`${indent}  ${String(item as string | number)}`],
  );
  return [`${indent}${title}:`, ...items];
}

/** `lastTimestamp` is `Last Timestamp`. */
function titleOf(key: string): string {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').split(' ');
  return words
    .map((word) =>
      SHORT_FORMS.has(word.toLowerCase()) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1),
    )
    .join(' ');
}
