/** YAML answers, as text that parsers of YAML 1.1 and 1.2 read alike. */
import { stringify } from 'yaml';

/** Keys are sorted and texts never folded, as Kubernetes writes it. */
export function formatYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, sortMapEntries: true, aliasDuplicateObjects: false });
}
