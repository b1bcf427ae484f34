import type { PodSpec } from '../../api/types/core.v1.ts';

/** The only nodes that the pod can go to, if its required affinity names them; undefined when it does not. */
export function namedNodes({ affinity }: PodSpec): readonly string[] | undefined {
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const field = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (!field) return undefined;
    for (const name of field.values ?? []) names.add(name);
  }
  return [...names];
}
