import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, textOr, toggle } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { goEscaped } from '../print/json.ts';
import { yamlText } from '../print/yaml.ts';
import { NO_SELECTION, selectObjects } from '../selection.ts';
import { LAST_APPLIED } from './last-applied.ts';

export const viewLastApplied = defineCommand({
  summary: 'View the latest last-applied-configuration annotations of a resource/object',
  usage: '(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)',
  examples: ['dure apply view-last-applied deployment/web', 'dure apply view-last-applied -f app.yaml -o json'],
  flags: {
    ...fileFlags,
    all: toggle('Select all resources in the namespace of the specified resource types'),
    selector: text('Selector (label query) to filter on', { short: 'l' }),
    output: textOr('yaml', 'Output format. Must be one of (yaml, json)', { short: 'o' }),
  },
  async run({ args, flags, session }) {
    const { output } = flags;
    const selected = await selectObjects(args, { ...NO_SELECTION, ...flags }, session);
    const texts = selected.map(({ object }) => object.metadata.annotations?.[LAST_APPLIED]);
    for (const applied of texts) {
      // One without it is passed over, as kubectl does.
      if (applied === undefined) continue;
      if (output !== 'yaml' && output !== 'json') {
        throw new CommandError(
          `Unexpected -o output mode: ${output}, the flag 'output' must be one of yaml|json\n` +
            "See 'dure apply view-last-applied -h' for help and examples",
        );
      }
      const value: unknown = JSON.parse(applied);
      session.write(output === 'yaml' ? yamlText(value) : `${goEscaped(JSON.stringify(value, null, 2))}\n`);
    }
  },
});
