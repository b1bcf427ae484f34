/** An apply that would change what others own. */
import { StatusError } from '../errors.ts';
import { pathText } from './elements.ts';
import type { Managed } from './entries.ts';
import { pathsOf, type FieldSet } from './field-set.ts';

export interface Conflict {
  readonly owner: Managed;
  /** What it owns of what would change. */
  readonly fields: FieldSet;
}

/** Conflict with one cause a field and owner, as kubectl prints it. */
export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const found = conflicts
    .map(({ owner, fields }) => ({ owner: describeOwner(owner), paths: pathsOf(fields).map(pathText) }))
    .toSorted((a, b) => (a.owner < b.owner ? -1 : 1));
  const causes = found.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  );
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: messageOf(found, causes.length),
    details: { causes },
  });
}

function messageOf(found: readonly { owner: string; paths: readonly string[] }[], count: number): string {
  const [first] = found;
  if (count === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.paths[0]}`;
  const lines = found.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)]);
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
}

/** `"kubectl" with subresource "status" using apps/v1`; appliers are known by their name alone. */
function describeOwner({ manager, operation, apiVersion, subresource }: Managed): string {
  const below = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  const using = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${below}${using}`;
}
