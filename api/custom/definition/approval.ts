/** Groups of the Kubernetes project itself are for what has been approved there. */
import type { CustomResourceDefinition } from '../../types/apiextensions.v1.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';

const ANNOTATION = 'api-approved.kubernetes.io';

export interface Approval {
  readonly state: 'missing' | 'invalid' | 'approved' | 'bypassed';
  readonly why: string;
}

export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

export function approvalOf({ metadata }: CustomResourceDefinition): Approval {
  const value = metadata.annotations?.[ANNOTATION] ?? '';
  if (value === '') {
    const why = `protected groups must have approval annotation "${ANNOTATION}", see https://github.com/kubernetes/enhancements/pull/1111`;
    return { state: 'missing', why };
  }
  if (value.startsWith('unapproved')) return { state: 'bypassed', why: `not approved: "${value}"` };
  if (isUrl(value)) return { state: 'approved', why: `approved in ${value}` };
  const why = `protected groups must have approval annotation "${ANNOTATION}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`;
  return { state: 'invalid', why };
}

/** Who does not touch the annotation is not held to it. */
export function validateApproval(
  errors: FieldErrors,
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
): void {
  if (!isProtectedGroup(next.spec.group)) return;
  const { state, why } = approvalOf(next);
  if (previous && approvalOf(previous).state === state) return;
  const path = `metadata.annotations[${ANNOTATION}]`;
  if (state === 'missing') errors.required(path, why);
  if (state === 'invalid') errors.invalid(path, next.metadata.annotations?.[ANNOTATION], why);
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).host !== '';
}
