/** The headers by which a server that trusts the front proxy learns who asks. */
import type { OutgoingHttpHeaders } from 'node:http';
import { badRequest } from '../../api/errors.ts';
import type { User } from '../user.ts';

const PREFIX = 'x-remote-';
const EXTRA_PREFIX = 'X-Remote-Extra-';
const IMPERSONATION = 'impersonate-';
/** What a header's name may hold (RFC 9110, token), without the sign that escapes. */
const TOKEN = /[!#$&'*+.^_`|~0-9A-Za-z-]/;

/** Throws BadRequest for a user of whom no header can tell. */
export function identityHeaders({ name, uid, groups, extra = {} }: User): OutgoingHttpHeaders {
  return {
    'X-Remote-User': valueOf(name),
    ...(uid === undefined ? {} : { 'X-Remote-Uid': valueOf(uid) }),
    ...(groups.length > 0 ? { 'X-Remote-Group': groups.map(valueOf) } : {}),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`${EXTRA_PREFIX}${escapedKey(key)}`, values.map(valueOf)]),
    ),
  };
}

/** Clients don't say themselves who they are, and who they wanted to be has been settled. */
export function tellsIdentity(header: string): boolean {
  return header.startsWith(PREFIX) || header.startsWith(IMPERSONATION);
}

/** Node writes headers as Latin-1; others read them as UTF-8. */
function valueOf(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) throw badRequest(`${JSON.stringify(text)} can't be sent on in a header`);
  return Buffer.from(text).toString('latin1');
}

/** As of a URL: every byte that no name of a header may hold, and the sign itself. */
function escapedKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return TOKEN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
