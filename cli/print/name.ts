/** -o name: `pod/x`, one a line. */

interface Named {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly items?: readonly Named[];
}

export function nameLines(object: unknown): string {
  const { items } = object as Named;
  return (items ?? [object as Named]).map((each) => `${nameOf(each)}\n`).join('');
}

/** `deployment.apps/hello`. */
export function nameOf({ apiVersion = '', kind = '', metadata }: Named): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return `${kind.toLowerCase()}${group}/${metadata?.name ?? ''}`;
}
