/** What is wrong with the expressions of a policy for the kinds that it is about, as far as their schemas tell. */
import { compile } from '../cel/program.ts';
import { type CelType, DYN } from '../cel/types.ts';
import type { ExpressionWarning, ValidatingAdmissionPolicySpec } from '../types/admissionregistration.v1.ts';
import { admissionEnvironment, compileVariables, type Names } from './expressions.ts';

const PREFIX = 'compilation failed: ';

export interface CheckedKind {
  /** Such as `apps/v1, Kind=Deployment`. */
  readonly text: string;
  readonly type: CelType;
}

/** `params`: the type of the policy's parameters; anything when it is not known. */
export function typeCheck(
  spec: ValidatingAdmissionPolicySpec,
  kinds: readonly CheckedKind[],
  params: CelType = DYN,
): ExpressionWarning[] {
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, expression: string): void => {
    const found = kinds.flatMap(({ text, type }) => {
      const names: Names = { object: type, authorizer: true, ...(spec.paramKind ? { params } : {}) };
      const { types } = compileVariables(spec.variables ?? [], names);
      const compiled = compile(expression, admissionEnvironment({ ...names, variables: types }));
      return compiled.ok ? [] : [`${text}: ${compiled.message.replace(PREFIX, '')}\n`];
    });
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join('\n') });
  };
  spec.validations?.forEach(({ expression, messageExpression }, index) => {
    check(`spec.validations[${index}].expression`, expression);
    if (messageExpression) check(`spec.validations[${index}].messageExpression`, messageExpression);
  });
  return warnings;
}
