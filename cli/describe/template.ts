/** Pod templates, as `describe` and `rollout history` show them. */
import type { PodTemplateSpec, Toleration, TopologySpreadConstraint } from '../../api/types/core.v1.ts';
import { elastic } from '../print/elastic.ts';
import { mapLines, selectorOrNone, type Lines } from './common.ts';
import { containerLines } from './container.ts';
import { volumeLines } from './volumes.ts';

/** Laid out, with its title. */
export function describeTemplate(template: PodTemplateSpec): string[] {
  return elastic(templateLines(template));
}

export function templateLines({ metadata, spec }: PodTemplateSpec): Lines {
  const inner = [
    ...mapLines('Labels', metadata?.labels, '='),
    ...(metadata?.annotations ? mapLines('Annotations', metadata.annotations, ': ') : []),
    ...(spec?.serviceAccountName ? [`Service Account:\t${spec.serviceAccountName}`] : []),
    ...(spec?.initContainers
      ? ['Init Containers:', ...spec.initContainers.flatMap((container) => containerLines(container, ' ', '  '))]
      : []),
    'Containers:',
    ...(spec?.containers ?? []).flatMap((container) => containerLines(container, ' ', '  ')),
    ...volumeLines(spec?.volumes ?? [], 'Volumes', ' '),
    ...spreadLines(spec?.topologySpreadConstraints),
    ...(spec?.priorityClassName ? [`Priority Class Name:\t${spec.priorityClassName}`] : []),
    ...mapLines('Node-Selectors', spec?.nodeSelector, '='),
    ...tolerationLines(spec?.tolerations ?? []),
  ];
  return ['Pod Template:', ...inner.map((line) => (line.startsWith('\t') ? `\t${line.slice(1)}` : `  ${line}`))];
}

export function spreadLines(constraints: readonly TopologySpreadConstraint[] = []): Lines {
  return constraints
    .toSorted((a, b) => (a.topologyKey < b.topologyKey ? -1 : 1))
    .map(({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }, at) => {
      const title = at === 0 ? 'Topology Spread Constraints:' : '';
      const whom = labelSelector ? ` for selector ${selectorOrNone(labelSelector)}` : '';
      return `${title}\t${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${whom}`;
    });
}

export function tolerationLines(tolerations: readonly Toleration[]): Lines {
  if (tolerations.length === 0) return ['Tolerations:\t<none>'];
  const texts = tolerations.map(tolerationText).toSorted();
  return texts.map((text, at) => `${at === 0 ? 'Tolerations:' : ''}\t${text}`);
}

function tolerationText({ key = '', operator, value, effect, tolerationSeconds }: Toleration): string {
  const what = `${key}${value ? `=${value}` : ''}${effect ? `:${effect}` : ''}`;
  const isExists = operator === 'Exists' && !value;
  const shown =
    key === '' && effect === undefined && isExists ? ' op=Exists' : `${what}${isExists ? ' op=Exists' : ''}`;
  return `${shown}${tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`}`;
}
