/** Between the versions of the resources of the table that are served in more than one. */
import type { Kind } from '../../api/kinds.ts';
import type { Conversion } from './conversion.ts';

/** By the row of the version that is served; the rows with `storedAs` have one, the others none. */
export function conversionsOf(): ReadonlyMap<Kind, Conversion> {
  return new Map();
}
