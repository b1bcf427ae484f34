/** What the flags of `get` mean for requests. */
import type { Query } from '../../lib/client/rest.ts';
import type { GetFlags } from './flags.ts';
import { pathOf, type Target } from '../targets.ts';

export function selectionOf(flags: Pick<GetFlags, 'selector' | 'fieldSelector'>): Query {
  return {
    ...(flags.selector === undefined ? {} : { labelSelector: flags.selector }),
    ...(flags.fieldSelector === undefined ? {} : { fieldSelector: flags.fieldSelector }),
  };
}

export function targetPath(target: Target, subresource: string | undefined): string {
  return subresource === undefined ? pathOf(target) : `${pathOf(target)}/${subresource}`;
}

/** What is said when there is nothing, on standard error. */
export function nothingFound(targets: readonly Target[], allNamespaces: boolean): string {
  const namespace = targets.find(({ resource }) => resource.namespaced)?.namespace;
  return allNamespaces || namespace === undefined
    ? 'No resources found'
    : `No resources found in ${namespace} namespace.`;
}
