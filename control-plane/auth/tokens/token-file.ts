/** The file of --token-auth-file: one token a line, as `token,user,uid,"group,group"`. */
import type { User } from '../../user.ts';

const FIELDS_AT_LEAST = 3;

/** Throws an Error that names the line for a file of another form. */
export function parseTokenFile(text: string): Map<string, User> {
  const users = new Map<string, User>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const fields = splitLine(line);
    const [token = '', name = '', uid = '', groups = ''] = fields;
    const where = `line ${index + 1} of the token file`;
    if (fields.length < FIELDS_AT_LEAST) throw new Error(`${where}: a token, a user and a uid are needed`);
    if (token === '') throw new Error(`${where}: the token is empty`);
    if (users.has(token)) throw new Error(`${where}: the token is there already`);
    const list = groups === '' ? [] : groups.split(',').map((group) => group.trim());
    users.set(token, { name, ...(uid === '' ? {} : { uid }), groups: list });
  });
  return users;
}

/** Fields with a comma in them are quoted; a quote in one is written twice (RFC 4180, section 2). */
function splitLine(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index] ?? '';
    if (character === '"') {
      if (isQuoted && line[index + 1] === '"') {
        field += '"';
        index += 1;
      } else isQuoted = !isQuoted;
    } else if (character === ',' && !isQuoted) {
      fields.push(field.trim());
      field = '';
    } else field += character;
  }
  return [...fields, field.trim()];
}
