/** `config set`: one value by its path. */
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { toggle } from '../flags.ts';
import { edit, fileWithCurrent, setEntry, type Section } from './file.ts';

type Kind = 'text' | 'toggle' | 'bytes' | 'list' | 'inner';

/** What an entry may hold; `inner` has fields of its own, which have verbs of their own. */
const FIELDS: Readonly<Record<Section, Readonly<Record<string, Kind>>>> = {
  clusters: {
    server: 'text',
    'tls-server-name': 'text',
    'insecure-skip-tls-verify': 'toggle',
    'certificate-authority': 'text',
    'certificate-authority-data': 'bytes',
    'proxy-url': 'text',
    'disable-compression': 'toggle',
    extensions: 'inner',
  },
  users: {
    'client-certificate': 'text',
    'client-certificate-data': 'bytes',
    'client-key': 'text',
    'client-key-data': 'bytes',
    token: 'text',
    tokenFile: 'text',
    as: 'text',
    'as-uid': 'text',
    'as-groups': 'list',
    'as-user-extra': 'inner',
    username: 'text',
    password: 'text',
    'auth-provider': 'inner',
    exec: 'inner',
    extensions: 'inner',
  },
  contexts: { cluster: 'text', user: 'text', namespace: 'text', extensions: 'inner' },
};

export const set = defineCommand({
  summary: 'Set an individual value in a kubeconfig file',
  usage: 'PROPERTY_NAME PROPERTY_VALUE',
  examples: [
    'dure config set contexts.dev.namespace web',
    'dure config set clusters.home.server https://10.0.0.1:6443',
    'dure config set users.admin.client-key-data "$(cat key.pem)" --set-raw-bytes',
  ],
  flags: { setRawBytes: toggle('Take the value of a field of bytes as it is, not as base64') },
  run({ args, flags, session }) {
    const [property = '', value = ''] = args;
    if (args.length !== 2) {
      throw new CommandError(`Unexpected args: [${args.join(' ')}]\nSee 'dure config set -h' for help and examples`);
    }
    if (value === '') throw new CommandError('you cannot use set to unset a property');
    if (property === '') throw new CommandError('you must specify a property');
    if (property === 'current-context') {
      edit(fileWithCurrent(session), (document) => document.set('current-context', value));
    } else {
      const { section, name, field, kind } = placeOf(property);
      setEntry(section, name, [[field, valueOf(value, kind, flags.setRawBytes)]], session);
    }
    session.print(`Property "${property}" set.`);
    return Promise.resolve();
  },
});

/** `clusters.10.0.0.1.server`: a name may have dots in it, so the name ends where a field begins. */
function placeOf(property: string): { section: Section; name: string; field: string; kind: Kind } {
  const [first = '', ...rest] = property.split('.');
  if (!isSection(first)) throw new CommandError(`unable to parse ${property}: there is no field "${first}"`);
  const fields = FIELDS[first];
  const at = rest.findIndex((part, index) => index > 0 && Object.hasOwn(fields, part));
  const name = at < 0 ? rest.join('.') : rest.slice(0, at).join('.');
  const field = rest[at] ?? '';
  if (at < 0 || name === '') throw new CommandError(`can't set a map to a value: ${property} names a whole entry`);
  if (at < rest.length - 1) throw new CommandError(`unable to parse one or more field values of ${property}`);
  return { section: first, name, field, kind: fields[field] ?? 'inner' };
}

function isSection(word: string): word is Section {
  return Object.hasOwn(FIELDS, word);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function valueOf(value: string, kind: Kind, isRaw: boolean): unknown {
  switch (kind) {
    case 'text':
      return value;
    case 'toggle': {
      try {
        return toggle('').parse(value, false);
      } catch (error) {
        throw new CommandError((error as Error).message);
      }
    }
    case 'bytes': {
      if (isRaw) return Buffer.from(value).toString('base64');
      const text = value.replaceAll(/[\r\n]/g, '');
      if (!BASE64.test(text)) throw new CommandError('error decoding input value: illegal base64 data');
      return text;
    }
    case 'list':
      throw new CommandError('unrecognized slice type. string');
    case 'inner':
      throw new CommandError("can't set a map to a value: it has fields of its own");
  }
}
