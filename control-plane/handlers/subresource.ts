import type { Subresource } from '../registry/port.ts';
import type { ResourceExchange } from './port.ts';

/** The part that a request writes, for the registry; nothing where it writes the whole object. */
export function subresourceOf({ target }: ResourceExchange): { subresource?: Subresource } {
  // The routes lead nowhere else here.
  return target.subresource === '' ? {} : { subresource: target.subresource as Subresource };
}
