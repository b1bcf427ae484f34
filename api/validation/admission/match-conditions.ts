/** Conditions in CEL that narrow down which requests are sent to a webhook or judged by a policy. */
import { admissionEnvironment, compileAs } from '../../admission/expressions.ts';
import { DYN } from '../../cel/types.ts';
import { checkQualifiedName } from '../../machinery/names.ts';
import type { MatchCondition } from '../../types/admissionregistration.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const MAX_CONDITIONS = 64;

export function validateMatchConditions(
  errors: FieldErrors,
  conditions: readonly MatchCondition[] | undefined,
  path: string,
  hasParams: boolean,
): void {
  if (!conditions) return;
  if (conditions.length > MAX_CONDITIONS) return errors.tooMany(path, conditions.length, MAX_CONDITIONS);
  const env = admissionEnvironment({ authorizer: true, params: hasParams ? DYN : undefined });
  const names = new Set<string>();
  conditions.forEach(({ name, expression }, index) => {
    const at = `${path}[${index}]`;
    const text = (expression ?? '').trim();
    if (text === '') errors.required(`${at}.expression`);
    else {
      const compiled = compileAs(text, env, ['bool']);
      if (!compiled.ok) errors.invalid(`${at}.expression`, text, compiled.message);
    }
    if (!name) return errors.required(`${at}.name`);
    errors.check(`${at}.name`, name, checkQualifiedName);
    if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
  });
}
