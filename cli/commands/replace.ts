import type { KubeObject } from '../../api/object.ts';
import { withLastApplied } from '../apply/last-applied.ts';
import { defineCommand } from '../command.ts';
import { CommandError, SourceError, forEachAttempt } from '../errors.ts';
import { durationOr, integerOr, text, toggle } from '../flags.ts';
import { createFlags } from '../generators/create.ts';
import { isNotFound } from '../get/tables.ts';
import { fileFlags } from '../file-flags.ts';
import { readItems } from '../manifests.ts';
import { Outcome, fieldValidation } from '../outcome.ts';
import { rawFlag, sendRaw } from '../raw.ts';
import { Deadline, untilGone } from '../waiting.ts';

export const command = defineCommand({
  summary: 'Replace a resource by file name or stdin',
  usage: '-f FILENAME',
  flags: {
    ...fileFlags,
    ...createFlags,
    force: toggle('Delete the object, and create it again'),
    gracePeriod: integerOr(-1, 'With --force: seconds given to the resource to terminate gracefully'),
    timeout: durationOr(0, 'With --force: how long to wait for the old object to be gone'),
    raw: rawFlag('PUT'),
    subresource: text('Replace this subresource'),
  },
  async run({ flags, session }) {
    if (flags.filename.length === 0) throw new CommandError('must specify one of -f and -k');
    if (flags.raw !== undefined) return sendRaw('PUT', flags.raw, flags, session);
    const outcome = new Outcome(flags, session);
    const client = await session.client();
    const query = { ...outcome.query, fieldValidation: fieldValidation(flags.validate) };
    const deadline = new Deadline({ milliseconds: flags.timeout, clock: session.world.clock });
    await forEachAttempt(await readItems(flags, session), async (item) => {
      const { resource, source, path, collection } = item;
      const object = flags.saveConfig ? withLastApplied(item.object) : item.object;
      try {
        if (outcome.isClientOnly) return await outcome.say(resource, object, 'replaced');
        if (!flags.force) {
          const target = flags.subresource === undefined ? path : `${path}/${flags.subresource}`;
          return await outcome.say(resource, await client.update<KubeObject>(target, object, { query }), 'replaced');
        }
        const options = flags.gracePeriod < 0 ? {} : { gracePeriodSeconds: flags.gracePeriod };
        await client.delete(path, { kind: 'DeleteOptions', apiVersion: 'v1', ...options }).then(
          () => session.print(`${resource.singular} "${item.name}" deleted`),
          (error: unknown) => {
            if (!isNotFound(error)) throw error;
          },
        );
        await untilGone(item, session, deadline);
        await outcome.say(resource, await client.create<KubeObject>(collection, object, { query }), 'replaced');
      } catch (error) {
        throw new SourceError('replacing', source, error);
      }
    });
  },
});
