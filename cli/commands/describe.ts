import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { throwAll } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { nothingFound } from '../get/query.ts';
import { elastic } from '../print/elastic.ts';
import { describe } from '../describe/table.ts';
import { NO_SELECTION, selectPlaces, selectedOf, type Selected } from '../selection.ts';
import type { Session } from '../session.ts';
import { parseTargets, pathOf } from '../targets.ts';

export const command = defineCommand({
  summary: 'Show details of a specific resource or group of resources',
  usage: '(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)',
  examples: ['dure describe pod web', 'dure describe nodes', 'dure describe pods -l app=hello'],
  flags: {
    ...fileFlags,
    allNamespaces: toggle('If present, list the requested objects across all namespaces', { short: 'A' }),
    selector: text('Selector (label query) to filter on', { short: 'l' }),
    showEvents: toggle('If true, display events related to the described object', { fallback: true }),
  },
  async run({ args, flags, session }) {
    const { found, errors } = await objectsOf(args, flags, session);
    for (const [at, { object }] of found.entries()) {
      if (at > 0) session.write('\n\n');
      const lines = await describe(object, session);
      const events = lines.findLastIndex((line) => line.startsWith('Events:'));
      const shown = flags.showEvents || events < 0 ? lines : lines.slice(0, events);
      session.write(
        elastic(shown.flatMap((line) => line.split('\n')))
          .map((line) => `${line}\n`)
          .join(''),
      );
    }
    throwAll(errors);
  },
});

interface Flags {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly kustomize: string | undefined;
  readonly allNamespaces: boolean;
  readonly selector: string | undefined;
}

async function objectsOf(
  args: readonly string[],
  flags: Flags,
  session: Session,
): Promise<{ found: Selected[]; errors: unknown[] }> {
  const client = await session.client();
  const found: Selected[] = [];
  const errors: unknown[] = [];
  if (flags.filename.length > 0 || flags.kustomize !== undefined) {
    const places = await selectPlaces(args, { ...NO_SELECTION, ...flags }, session);
    for (const place of places) found.push({ ...place, object: await client.get<KubeObject>(place.path) });
    return { found, errors };
  }
  const targets = await parseTargets(args, session, flags);
  for (const target of targets) {
    try {
      if (target.name === undefined) {
        const { items } = await client.list<KubeObject>(pathOf(target), { query: { labelSelector: flags.selector } });
        found.push(...items.map((item) => selectedOf(target.resource, item)));
      } else found.push(selectedOf(target.resource, await client.get<KubeObject>(pathOf(target))));
    } catch (error) {
      errors.push(error);
    }
  }
  if (found.length === 0 && errors.length === 0) session.warn(nothingFound(targets, flags.allNamespaces));
  return { found, errors };
}
