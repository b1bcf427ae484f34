import { text, toggle } from '../flags.ts';

/** Of every verb that prints objects by a template. */
export const templateFlags = {
  template: text('Template string or path to template file to use when -o=go-template, -o=go-template-file'),
  allowMissingTemplateKeys: toggle(
    'If true, ignore any errors in templates when a field or map key is missing in the template',
    { fallback: true },
  ),
};

/** What `-o` asks for; a template alone asks for itself. */
export function formatOf(values: {
  readonly output: string | undefined;
  readonly template?: string | undefined;
}): string | undefined {
  if (values.output !== undefined && values.output !== '') return values.output;
  return values.template === undefined ? undefined : 'go-template';
}
