/** Flags by which users give files. */
import { list, text, toggle } from './flags.ts';

export const fileFlags = {
  filename: list('File names or directories that contain the configuration; - is standard input', { short: 'f' }),
  recursive: toggle('Process the directories given by -f recursively', { short: 'R' }),
  kustomize: text('Process a kustomization directory; not together with -f or -R', { short: 'k' }),
};
