import { defineCommand } from '../command.ts';
import { changeMetadata, metadataFlags } from '../change-metadata.ts';

export const command = defineCommand({
  summary: 'Update the labels on a resource',
  usage: '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N',
  examples: ['dure label pod web tier=front', 'dure label pod web tier-'],
  flags: metadataFlags,
  run: (call) => changeMetadata('labels', 'labeled', call),
});
