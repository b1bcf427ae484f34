/** Field selectors: `spec.nodeName=a,status.phase!=Running`, with `\` before a comma, an equals sign or a backslash. */
import { badRequest } from '../errors.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly isEqual: boolean;
  readonly value: string;
}

/** Throws BadRequest in Kubernetes' words. Empty text has no requirements. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
}

function splitTerms(text: string): string[] {
  return [...text.matchAll(/(?:\\[^]|[^,\\]|\\$)+/g)].map(([term]) => term);
}

function parseTerm(term: string, selector: string): FieldRequirement {
  const match = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)([^]*)$/.exec(term);
  if (!match) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
  const [, field = '', operator, value = ''] = match;
  return { field, isEqual: operator !== '!=', value: unescapeValue(value) };
}

function unescapeValue(text: string): string {
  return text.replaceAll(/\\([^]?)|[,=]/g, (found, escaped: string | undefined) => {
    if (escaped === undefined) {
      throw badRequest(`invalid field selector: unescaped character in value: ${found.charCodeAt(0)}`);
    }
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw badRequest(`invalid field selector: invalid escape sequence: ${found}`);
    }
    return escaped;
  });
}

/**
 * One test for all requirements. `fieldOf` gives a reader for a field's name, or nothing for a field that the kind
 * can't be selected by. Throws BadRequest for such a field.
 */
export function compileFieldSelector<T>(
  requirements: readonly FieldRequirement[],
  fieldOf: (field: string) => ((object: T) => string) | undefined,
): (object: T) => boolean {
  const tests = requirements.map(({ field, isEqual, value }) => {
    const read = fieldOf(field);
    if (!read) throw badRequest(`field label not supported: ${field}`);
    return (object: T): boolean => (read(object) === value) === isEqual;
  });
  return (object) => tests.every((test) => test(object));
}

/** The value that a field must have by one of the requirements, such as the node whose pods are wanted. */
export function requiredValue(requirements: readonly FieldRequirement[], field: string): string | undefined {
  return requirements.find((requirement) => requirement.field === field && requirement.isEqual)?.value;
}
