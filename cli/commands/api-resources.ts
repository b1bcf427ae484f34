import { defineCommand } from '../command.ts';
import { apiVersionOf, preferred, qualifiedName } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { list, text, toggle } from '../flags.ts';
import { aligned } from '../print/align.ts';

export const command = defineCommand({
  summary: 'Print the supported API resources on the server',
  usage: '[flags]',
  flags: {
    apiGroup: text('Limit to resources in the specified API group'),
    categories: list('Limit to resources that belong to the specified categories'),
    namespaced: toggle('If false, non-namespaced resources will be returned, otherwise namespaced ones', {
      fallback: true,
    }),
    noHeaders: toggle("When using the default or custom-column output format, don't print headers"),
    output: text('Output format. One of: (wide, name)', { short: 'o' }),
    sortBy: text("If non-empty, sort list of resources using specified field: 'name' or 'kind'"),
    verbs: list('Limit to resources that support the specified verbs'),
    cached: toggle('Use the cached list of resources if available'),
  },
  async run({ flags, given, session }) {
    const { output, apiGroup, verbs, categories } = flags;
    if (output !== undefined && output !== 'wide' && output !== 'name')
      throw new CommandError(`--output ${output} is not available`);
    const discovery = await session.discovery();
    const all = await (flags.cached ? discovery.all() : discovery.refresh());
    const chosen = preferred(all).filter(
      (resource) =>
        (apiGroup === undefined || resource.group === apiGroup) &&
        (!given.has('namespaced') || resource.namespaced === flags.namespaced) &&
        verbs.every((verb) => resource.verbs.includes(verb)) &&
        categories.every((category) => resource.categories.includes(category)),
    );
    const keyOf = (resource: (typeof all)[number]): string =>
      flags.sortBy === 'kind'
        ? resource.kind
        : flags.sortBy === 'name'
          ? resource.name
          : `${resource.group}/${resource.name}`;
    const sorted = chosen.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    if (output === 'name') {
      for (const resource of sorted) session.print(qualifiedName(resource));
      return;
    }
    const isWide = output === 'wide';
    const heads = [
      'NAME',
      'SHORTNAMES',
      'APIVERSION',
      'NAMESPACED',
      'KIND',
      ...(isWide ? ['VERBS', 'CATEGORIES'] : []),
    ];
    const rows = sorted.map((resource) => [
      resource.name,
      resource.shortNames.join(','),
      apiVersionOf(resource),
      String(resource.namespaced),
      resource.kind,
      ...(isWide ? [resource.verbs.join(','), resource.categories.join(',')] : []),
    ]);
    for (const line of aligned(flags.noHeaders ? rows : [heads, ...rows])) session.print(line);
  },
});
