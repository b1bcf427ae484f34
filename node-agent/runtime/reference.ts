/**
 * The full name of an image as registries and runtimes use it: `busybox` is `docker.io/library/busybox:latest`.
 * What comes before the first slash is a registry when it has a dot or a colon, or is `localhost`.
 */
export function canonicalReference(reference: string): string {
  if (reference.startsWith('sha256:')) return reference;
  const slash = reference.indexOf('/');
  const first = slash < 0 ? '' : reference.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === 'localhost';
  const path = hasRegistry ? reference.slice(slash + 1) : reference;
  const registry = hasRegistry ? first : 'docker.io';
  const full = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  const tagged = full.includes('@') || /:[^/]*$/.test(full) ? full : `${full}:latest`;
  return `${registry}/${tagged}`;
}
