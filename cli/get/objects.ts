/** `get -o …`: the objects themselves. */
import type { KubeObject } from '../../api/object.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import type { GetFlags } from './flags.ts';
import { apiVersionOf } from '../discovery.ts';
import { formatOf } from '../print/flags.ts';
import { printerFor } from '../print/printer.ts';
import type { Session } from '../session.ts';
import type { Target } from '../targets.ts';
import { selectionOf, targetPath } from './query.ts';
import { isNotFound } from './tables.ts';

/** Resolves with what failed; the rest is printed. */
export async function printObjects(targets: readonly Target[], flags: GetFlags, session: Session): Promise<unknown[]> {
  const printer = await printerFor(formatOf(flags) ?? '', flags);
  const client = await session.client();
  const errors: unknown[] = [];
  const found: KubeObject[] = [];
  for (const target of targets) {
    try {
      found.push(...(await fetchObjects(client, target, flags)));
    } catch (error) {
      if (!(flags.ignoreNotFound && isNotFound(error))) errors.push(error);
    }
  }
  const isOne = targets.length === 1 && targets[0]?.name !== undefined;
  if (isOne && found.length === 0) return errors;
  const sorted =
    flags.sortBy === undefined ? found : (await import('./sort.ts')).sortedBy(found, flags.sortBy, (object) => object);
  session.write(printer.print(isOne ? found[0] : listOf(sorted)));
  return errors;
}

export async function fetchObjects(
  client: RestClient,
  target: Target,
  flags: Pick<GetFlags, 'selector' | 'fieldSelector' | 'subresource'>,
): Promise<KubeObject[]> {
  const path = targetPath(target, flags.subresource);
  if (target.name !== undefined) return [await client.get<KubeObject>(path)];
  const { items } = await client.list<KubeObject>(path, { query: selectionOf(flags) });
  const { resource } = target;
  // Items of a list come without them.
  return items.map((item) => ({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind }));
}

function listOf(items: readonly KubeObject[]): object {
  return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items };
}
