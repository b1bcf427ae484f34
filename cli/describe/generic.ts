/** Any object, field by field. */
import type { KubeObject } from '../../api/object.ts';
import { isList, isObject } from '../../api/patch/value.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, type Lines } from './common.ts';

const SHOWN_ABOVE = new Set(['name', 'namespace', 'labels', 'annotations']);
const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID']);

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
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => valueLines(titleOf(key), value, indent));
}

function valueLines(title: string, value: unknown, indent: string): Lines {
  if (isObject(value)) return [`${indent}${title}:`, ...fieldLines(value, `${indent}  `)];
  if (!isList(value)) return [`${indent}${title}:\t${plain(value)}`];
  const items = value.flatMap((item) =>
    isObject(item) ? fieldLines(item, `${indent}  `) : [`${indent}  ${plain(item)}`],
  );
  return [`${indent}${title}:`, ...items];
}

/** Values as Go prints them. */
function plain(value: unknown): string {
  if (value === null) return '<nil>';
  if (isList(value)) return `[${value.map(plain).join(' ')}]`;
  if (!isObject(value)) return String(value as string | number | boolean);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, each]) => `${key}:${plain(each)}`).join(' ')}]`;
}

/** `lastTimestamp` is `Last Timestamp`; a name with a digit in it stays as it is. */
function titleOf(key: string): string {
  if (!/^[\p{L}-]+$/u.test(key)) return key;
  // Runs of capitals keep all but the last when small letters follow.
  const words = key.match(/\p{Lu}+(?![\p{Ll}])|\p{Lu}?\p{Ll}+|[^\p{Lu}\p{Ll}]+/gu) ?? [key];
  return words
    .map((word) =>
      ACRONYMS.has(word.toUpperCase())
        ? word.toUpperCase()
        : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
    )
    .join(' ');
}
