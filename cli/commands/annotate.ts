import { defineCommand } from '../command.ts';
import { changeMetadata, metadataFlags } from '../change-metadata.ts';

export const command = defineCommand({
  summary: 'Update the annotations on a resource',
  usage: '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N',
  examples: ["dure annotate pod web description='the front'"],
  flags: metadataFlags,
  run: (call) => changeMetadata('annotations', 'annotated', call),
});
