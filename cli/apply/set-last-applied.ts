import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { toggle } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { readItems, type Item } from '../manifests.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { appliedText, LAST_APPLIED } from './last-applied.ts';

const NOTHING_GIVEN =
  'You must provide one or more resources by argument or filename.\nExample resource specifications include:\n' +
  "   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

export const setLastApplied = defineCommand({
  summary: 'Set the last-applied-configuration annotation on a live object to match the contents of a file',
  usage: '-f FILENAME',
  examples: ['dure apply set-last-applied -f app.yaml --create-annotation'],
  flags: {
    filename: fileFlags.filename,
    dryRun: outcomeFlags.dryRun,
    output: outcomeFlags.output,
    template: outcomeFlags.template,
    allowMissingTemplateKeys: outcomeFlags.allowMissingTemplateKeys,
    showManagedFields: outcomeFlags.showManagedFields,
    createAnnotation: toggle("Will create 'last-applied-configuration' annotations if objects don't have one"),
  },
  async run({ flags, session }) {
    if (flags.filename.length === 0) throw new CommandError(NOTHING_GIVEN);
    const outcome = new Outcome({ ...flags, fieldManager: 'dure' }, session);
    const client = await session.client();
    const changed: { item: Item; current: KubeObject; text: string }[] = [];
    // All are looked at before the first is changed.
    for (const item of await readItems({ ...flags, recursive: false, kustomize: undefined }, session)) {
      const current = await client.get<KubeObject>(item.path);
      const before = current.metadata.annotations?.[LAST_APPLIED];
      if (before === undefined && !flags.createAnnotation) {
        throw new CommandError(
          `no last-applied-configuration annotation found on resource: ${item.name}, to create the annotation, ` +
            'run the command with --create-annotation',
        );
      }
      const text = appliedText(item.object);
      if (before?.trim() === text.trim()) session.print(`set-last-applied ${item.name}: no changes required.`);
      else changed.push({ item, current, text });
    }
    for (const { item, current, text } of changed) {
      const patch = { metadata: { annotations: { [LAST_APPLIED]: text } } };
      const { resource, path } = item;
      const after = outcome.isClientOnly
        ? current
        : await client.patch<KubeObject>(path, 'merge-patch', patch, { query: outcome.query });
      await outcome.say(resource, after, 'configured');
    }
  },
});
