/** Questions about rights: may he, may I, what may I. Authorizers answer them as they answer requests. */
import { badRequest, invalid, type FieldError } from '../../api/errors.ts';
import { authorizationKinds } from '../../api/kinds/authorization.ts';
import { parseFieldSelector, type FieldRequirement } from '../../api/machinery/field-selectors.ts';
import type { Kind } from '../../api/kinds.ts';
import type {
  FieldSelectorAttributes,
  NonResourceRule,
  ResourceAttributes,
  ResourceRule,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  SubjectRulesReviewStatus,
} from '../../api/types/authorization.v1.ts';
import type { PolicyRule } from '../../api/types/rbac.v1.ts';
import {
  validateLocalSubjectAccessReview,
  validateSelfSubjectAccessReview,
  validateSubjectAccessReview,
} from '../../api/validation/access-review.ts';
import type { Attributes } from '../auth/attributes.ts';
import { decide, knownRules, type Authorizer } from '../auth/authorizer.ts';
import type { User } from '../user.ts';
import type { Exchange } from '../http/exchange.ts';
import { answered, type AnsweredKind } from './answered.ts';

export function accessReviews(authorizers: readonly Authorizer[]): AnsweredKind[] {
  const { subjectaccessreviews, localsubjectaccessreviews, selfsubjectaccessreviews, selfsubjectrulesreviews } =
    authorizationKinds;
  return [
    answered({
      kind: subjectaccessreviews,
      answer(review) {
        check(subjectaccessreviews, validateSubjectAccessReview(review));
        return { ...review, status: statusOf(authorizers, subjectOf(review.spec), review.spec) };
      },
    }),
    answered({
      kind: localsubjectaccessreviews,
      answer(review) {
        check(localsubjectaccessreviews, validateLocalSubjectAccessReview(review));
        return { ...review, status: statusOf(authorizers, subjectOf(review.spec), review.spec) };
      },
    }),
    answered({
      kind: selfsubjectaccessreviews,
      answer(review, exchange) {
        check(selfsubjectaccessreviews, validateSelfSubjectAccessReview(review));
        return { ...review, status: statusOf(authorizers, userOf(exchange), review.spec) };
      },
    }),
    answered({
      kind: selfsubjectrulesreviews,
      answer(review, exchange) {
        const { namespace = '' } = review.spec;
        if (namespace === '') throw badRequest('no namespace on request');
        return { ...review, status: rulesOf(authorizers, userOf(exchange), namespace) };
      },
    }),
  ];
}

function check(kind: Kind, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind, '', errors);
}

function userOf({ user }: Exchange): User {
  if (!user) throw badRequest('no user present on request');
  return user;
}

function subjectOf({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): User {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

type Question = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

function statusOf(authorizers: readonly Authorizer[], user: User, question: Question): SubjectAccessReviewStatus {
  const { verdict, reason } = decide(authorizers, user, attributesOf(question));
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
  };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Question): Attributes {
  if (!resourceAttributes) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {};
    return { verb, path, resource: undefined };
  }
  const { verb = '', group = '', namespace = '', resource = '', subresource = '', name = '' } = resourceAttributes;
  const target = { group, namespace, resource, subresource, name };
  return { verb, path: '', resource: target, ...narrowing(resourceAttributes) };
}

/** Label selectors give nobody a right by themselves, so they are only checked. */
function narrowing({ fieldSelector }: ResourceAttributes): { fields?: FieldRequirement[] } {
  return fieldSelector ? { fields: requirementsOf(fieldSelector) } : {};
}

function requirementsOf({ rawSelector = '', requirements = [] }: FieldSelectorAttributes): FieldRequirement[] {
  if (rawSelector !== '') return parsed(rawSelector);
  return requirements.flatMap(({ key, operator, values = [] }) => {
    const [value, ...others] = values;
    if (value === undefined || others.length > 0) return [];
    if (operator !== 'In' && operator !== 'NotIn') return [];
    return [{ field: key, isEqual: operator === 'In', value }];
  });
}

/** One that can't be understood narrows nothing, as in a request. */
function parsed(selector: string): FieldRequirement[] {
  try {
    return parseFieldSelector(selector);
  } catch {
    return [];
  }
}

function rulesOf(authorizers: readonly Authorizer[], user: User, namespace: string): SubjectRulesReviewStatus {
  const { rules, incomplete, errors } = knownRules(authorizers, user, namespace);
  return {
    resourceRules: rules.flatMap((rule) => (rule.resources?.length ? [resourceRule(rule)] : [])),
    nonResourceRules: rules.flatMap((rule) => (rule.nonResourceURLs?.length ? [nonResourceRule(rule)] : [])),
    incomplete,
    ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): ResourceRule {
  return {
    verbs,
    ...(apiGroups ? { apiGroups } : {}),
    ...(resources ? { resources } : {}),
    ...(resourceNames ? { resourceNames } : {}),
  };
}

function nonResourceRule({ verbs, nonResourceURLs }: PolicyRule): NonResourceRule {
  return { verbs, ...(nonResourceURLs ? { nonResourceURLs } : {}) };
}
