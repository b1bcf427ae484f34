/** From imagePullSecrets to the credentials for one registry. */
import type { Secret } from '../../api/types/core.v1.ts';
import { canonicalReference } from '../runtime/reference.ts';
import type { RegistryAuth } from '../runtime/port.ts';

interface Entry {
  username?: string;
  password?: string;
  auth?: string;
}

/** The best match comes first: a pull tries each in turn. Secrets that can't be read are skipped, and named in `problems`. */
export function credentialsFor(
  image: string,
  secrets: readonly Secret[],
): { auths: RegistryAuth[]; problems: string[] } {
  const problems: string[] = [];
  const found: { specificity: number; auth: RegistryAuth }[] = [];
  const target = canonicalReference(image);
  for (const secret of secrets) {
    try {
      for (const [server, entry] of entriesOf(secret)) {
        const specificity = matches(server, target);
        const auth = specificity > 0 ? authOf(entry) : undefined;
        if (auth) found.push({ specificity, auth });
      }
    } catch (error) {
      problems.push(`secret "${secret.metadata.name}": ${(error as Error).message}`);
    }
  }
  return { auths: found.toSorted((a, b) => b.specificity - a.specificity).map(({ auth }) => auth), problems };
}

function entriesOf(secret: Secret): [string, Entry][] {
  const read = (key: string): unknown => {
    const value = secret.data?.[key];
    return value === undefined ? undefined : JSON.parse(Buffer.from(value, 'base64').toString());
  };
  const config = read('.dockerconfigjson') as { auths?: Record<string, Entry> } | undefined;
  const legacy = read('.dockercfg') as Record<string, Entry> | undefined;
  return Object.entries({ ...legacy, ...config?.auths });
}

function authOf(entry: Entry): RegistryAuth | undefined {
  if (entry.username !== undefined) return { username: entry.username, password: entry.password ?? '' };
  if (entry.auth === undefined) return undefined;
  const [username = '', ...rest] = Buffer.from(entry.auth, 'base64').toString().split(':');
  return { username, password: rest.join(':') };
}

/** How many characters of path and host the entry names when it covers the image; 0 when it does not. */
function matches(server: string, target: string): number {
  const [host = '', ...path] = server.replace(/^https?:\/\//, '').split('/');
  const [targetHost = '', ...targetPath] = target.split('/');
  if (!hostMatches(host, targetHost)) return 0;
  // Old entries name the API's version instead of a path: they hold for the whole registry.
  const wanted = path.filter((part) => part !== '' && part !== 'v1' && part !== 'v2');
  const isCovered = wanted.every((part, index) => targetPath[index] === part);
  return isCovered ? host.length + wanted.join('/').length : 0;
}

function hostMatches(pattern: string, host: string): boolean {
  const isHub = (name: string): boolean => ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(name);
  if (isHub(pattern) && isHub(host)) return true;
  const [patternName = '', patternPort] = pattern.split(':');
  const [hostName = '', hostPort] = host.split(':');
  if (patternPort !== hostPort) return false;
  const parts = patternName.split('.');
  const hostParts = hostName.split('.');
  if (parts.length !== hostParts.length) return false;
  return parts.every((part, index) => globMatches(part, hostParts[index] ?? ''));
}

/** A star stands for anything. Each piece is taken where it comes first, so that no pattern is dear to try. */
function globMatches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}
