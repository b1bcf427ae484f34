/** Absolute URLs and absolute paths, taken apart without being rewritten. */
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, listOf, mapOf, opaque, STRING } from '../types.ts';
import { type MapValue, Opaque, sizeOf, type Value, ValueList, ValueMap } from '../values.ts';

const URL_TYPE = opaque('kubernetes.URL');

interface Parts {
  readonly scheme: string;
  /** With the port, without the user. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

class UrlValue extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly text: string;
  readonly parts: Parts;

  constructor(text: string, parts: Parts) {
    super();
    this.text = text;
    this.parts = parts;
  }

  equals(other: Opaque): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

const FORM = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const HOST = /^(?:\[[0-9A-Fa-f:.]+(?:%25[^\]]+)?\]|(?:[^\s<>"[\]\\^`{|}%:]|%[0-9A-Fa-f]{2})*)(?::(\d*))?$/;

/** What is wrong with the text, or its parts. */
export function parseUrl(text: string): Parts | string {
  if (text === '') return 'empty url';
  if (/\p{Cc}/u.test(text)) return 'net/url: invalid control character in URL';
  const [, scheme, authority, path = '', query = ''] = FORM.exec(text) ?? [];
  if (scheme === undefined && !text.startsWith('/')) return 'invalid URI for request';
  if (scheme !== undefined && authority === undefined && !path.startsWith('/')) return 'invalid URI for request';
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return `invalid URL escape ${JSON.stringify(/%.{0,2}/.exec(path)?.[0] ?? '%')}`;
  const host = (authority ?? '').slice((authority ?? '').lastIndexOf('@') + 1);
  if (!HOST.test(host)) return `invalid host ${JSON.stringify(host)}`;
  return { scheme: (scheme ?? '').toLowerCase(), host, path, query };
}

function url(text: string): UrlValue {
  const parts = parseUrl(text);
  if (typeof parts === 'string') {
    throw new EvaluationError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${parts}`);
  }
  return new UrlValue(text, parts);
}

function hostname(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  return host.replace(/:\d*$/, '');
}

function port(host: string): string {
  return /:(\d*)$/.exec(host.slice(host.lastIndexOf(']') + 1))?.[1] ?? '';
}

function queryOf(query: string): MapValue {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value]);
  const map = new ValueMap();
  for (const [key, list] of values) map.add(key, new ValueList(list));
  return map;
}

function traversal([text]: readonly Value[]): number {
  return Math.max(1, Math.ceil(sizeOf(text) * 0.1));
}

/** As Go escapes a path: what is escaped stays so, what a path can't hold becomes so. */
function escapedPath(path: string): string {
  return path.replaceAll(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu, (character) => encodeURIComponent(character));
}

function part(name: string, of: (parts: Parts) => string): Overload {
  return method<[UrlValue]>(name, { params: [URL_TYPE], result: STRING }, ([{ parts }]) => of(parts));
}

export const urlLibrary: readonly Overload[] = [
  overload<[string]>('url', { params: [STRING], result: URL_TYPE, cost: traversal }, ([text]) => url(text)),
  overload<[string]>('isURL', { params: [STRING], result: BOOL, cost: traversal }, ([text]) => {
    return typeof parseUrl(text) !== 'string';
  }),
  part('getScheme', ({ scheme }) => scheme),
  part('getHost', ({ host }) => host),
  part('getHostname', ({ host }) => hostname(host)),
  part('getPort', ({ host }) => port(host)),
  part('getEscapedPath', ({ path }) => escapedPath(path)),
  method<[UrlValue]>('getQuery', { params: [URL_TYPE], result: mapOf(STRING, listOf(STRING)) }, ([{ parts }]) => {
    return queryOf(parts.query);
  }),
];
