/** The flags of `get`. */
import { fileFlags } from '../file-flags.ts';
import { integerOr, list, text, toggle, type FlagTable, type Values } from '../flags.ts';
import { templateFlags } from '../print/flags.ts';

export const getFlags = {
  ...fileFlags,
  allNamespaces: toggle('If present, list the requested objects across all namespaces', { short: 'A' }),
  chunkSize: integerOr(500, 'Return large lists in chunks rather than all at once'),
  fieldSelector: text('Selector (field query) to filter on'),
  ignoreNotFound: toggle('If the requested object does not exist the command will return exit code 0'),
  labelColumns: list('Labels that are going to be presented as columns', { short: 'L' }),
  noHeaders: toggle("When using the default or custom-column output format, don't print headers"),
  output: text('Output format: json, yaml, name, wide, jsonpath=…, go-template=…, custom-columns=…', { short: 'o' }),
  ...templateFlags,
  outputWatchEvents: toggle('Output watch event objects when --watch or --watch-only is used'),
  raw: text('Raw URI to request from the server'),
  selector: text('Selector (label query) to filter on', { short: 'l' }),
  serverPrint: toggle('Kept for scripts: the server always makes the tables', { fallback: true }),
  showKind: toggle('If present, list the resource type for the requested object(s)'),
  showLabels: toggle('When printing, show all labels as the last column'),
  showManagedFields: toggle('If true, keep the managedFields when printing objects in JSON or YAML format'),
  sortBy: text('If non-empty, sort list types using this field specification'),
  subresource: text('If specified, gets the subresource of the requested object'),
  watch: toggle('After listing/getting the requested object, watch for changes', { short: 'w' }),
  watchOnly: toggle('Watch for changes to the requested object(s), without listing/getting first'),
} satisfies FlagTable;

export type GetFlags = Values<typeof getFlags>;
