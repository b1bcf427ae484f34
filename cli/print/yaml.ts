/** YAML for people: keys in order, lists not indented, as kubectl prints it. */
import { stringify } from 'yaml';

export function yamlText(value: unknown): string {
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    singleQuote: null,
  });
}
