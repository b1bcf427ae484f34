/** What must hold for a configuration before it can be applied. */
import { isList, isObject } from '../patch/value.ts';
import { elementText } from './elements.ts';
import { fieldOf, itemElement, resolved, type FieldType, type GranularType, type ListType } from './field-type.ts';

/** Of one configuration at most as many are told. */
const MAX_PROBLEMS = 100;

/** Such as `.spec.foo: field not declared in schema`; what is of a wrong type altogether is the decoder's to say. */
export function configProblems(type: FieldType, config: unknown): string[] {
  const problems: string[] = [];
  check(type, config, '', problems);
  return problems.slice(0, MAX_PROBLEMS);
}

function check(type: FieldType, value: unknown, path: string, problems: string[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  const actual = resolved(type, value);
  if (actual.shape === 'granular' && isObject(value)) checkMap(actual, value, path, problems);
  else if ((actual.shape === 'set' || actual.shape === 'keyed') && isList(value)) {
    checkList(actual, value, path, problems);
  }
}

function checkMap(
  type: GranularType,
  value: Readonly<Record<string, unknown>>,
  path: string,
  problems: string[],
): void {
  for (const [name, item] of Object.entries(value)) {
    const field = fieldOf(type, name);
    const here = `${path}.${name}`;
    if (field) check(field, item, here, problems);
    else problems.push(`${here}: field not declared in schema`);
  }
}

function checkList(type: ListType, value: readonly unknown[], path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const element = itemElement(type, item);
    if (element === undefined) problems.push(`${path}: element ${index}: ${withoutIdentity(type, item)}`);
    else if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${elementText(element)}`);
    else if (type.shape === 'keyed') check(type.element, item, `${path}${elementText(element)}`, problems);
    if (element !== undefined) seen.add(element);
  }
}

function withoutIdentity(type: ListType, item: unknown): string {
  if (type.shape === 'set') {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    if (isList(item)) return 'not supported: associative list with lists as elements';
    return "associative list without keys has an element that's a map type";
  }
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  const keys = type.keys.map((key) => JSON.stringify(key)).join(' ');
  return `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`;
}
