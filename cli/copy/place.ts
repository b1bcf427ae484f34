/** What `cp` is given: a file here, or one of a pod. */
import { CommandError } from '../errors.ts';

export type CopyPlace =
  | { readonly where: 'here'; readonly path: string }
  | { readonly where: 'pod'; readonly namespace: string | undefined; readonly pod: string; readonly path: string };

/** `/tmp/x`, `pod:/tmp/x`, `namespace/pod:x`. Throws CommandError. */
export function parsePlace(text: string): CopyPlace {
  const colon = text.indexOf(':');
  if (colon === 0) throw new CommandError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  if (colon < 0) return { where: 'here', path: text };
  const parts = text.slice(0, colon).split('/');
  const path = text.slice(colon + 1);
  const [first = '', second] = parts;
  // A path with a colon in it begins with a slash, a dot, or has more slashes than a pod's name can.
  if (parts.length > 2 || first === '' || first.startsWith('.')) return { where: 'here', path: text };
  if (second === undefined) return { where: 'pod', namespace: undefined, pod: first, path };
  return { where: 'pod', namespace: first, pod: second, path };
}
