import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeObject } from '../../api/object.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { PatchType } from '../../lib/client/rest.ts';
import { patchedAlone } from '../apply/locally.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { text, textOr } from '../flags.ts';
import { localFlag, Outcome, outcomeFlags } from '../outcome.ts';
import { selectObjects, selectionFlags } from '../selection.ts';

const TYPES: Readonly<Record<string, PatchType>> = {
  json: 'json-patch',
  merge: 'merge-patch',
  strategic: 'strategic-merge-patch',
};

export const command = defineCommand({
  summary: 'Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON patch',
  usage: '(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]',
  examples: ['dure patch deployment web -p \'{"spec":{"replicas":2}}\''],
  flags: {
    ...selectionFlags,
    ...outcomeFlags,
    patch: text('The patch to be applied to the resource JSON file', { short: 'p' }),
    patchFile: text('A file containing a patch to be applied to the resource'),
    type: textOr('strategic', 'The type of patch being provided; one of [json merge strategic]'),
    subresource: text('Patch this subresource'),
    local: localFlag,
  },
  async run({ args, flags, session }) {
    const type = TYPES[flags.type];
    if (!type) throw new CommandError(`--type must be one of [json merge strategic], not "${flags.type}"`);
    const patch = patchOf(flags);
    const outcome = new Outcome(flags, session);
    const client = await session.client();
    await forEachAttempt(await selectObjects(args, flags, session), async ({ resource, path, object }) => {
      if (outcome.isClientOnly || flags.local) {
        return outcome.say(resource, await patchedAlone({ resource, object }, type, patch), 'patched');
      }
      const target = flags.subresource === undefined ? path : `${path}/${flags.subresource}`;
      const patched = await client.patch<KubeObject>(target, type, patch, { query: outcome.query });
      const isSame = sameJson(patched.metadata.resourceVersion, object.metadata.resourceVersion);
      await outcome.say(resource, patched, isSame ? 'patched (no change)' : 'patched');
    });
  },
});

function patchOf({ patch, patchFile }: { patch: string | undefined; patchFile: string | undefined }): unknown {
  if ((patch === undefined) === (patchFile === undefined)) {
    throw new CommandError('must specify --patch or --patch-file containing the contents of the patch');
  }
  const given = patch ?? readFileSync(patchFile ?? '', 'utf8');
  try {
    return parse(given);
  } catch {
    throw new CommandError(`unable to parse "${given}": it is neither JSON nor YAML`);
  }
}
