/** The authorization.k8s.io group: questions about who may do what, answered and never stored. */
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../types/authorization.v1.ts';
import { kind } from './kind.ts';

const TYPES = 'io.k8s.api.authorization.v1';
const ROW = { group: 'authorization.k8s.io', namespaced: false, verbs: ['create'] };

export const authorizationKinds = {
  subjectaccessreviews: kind<SubjectAccessReview>({
    ...ROW,
    kind: 'SubjectAccessReview',
    plural: 'subjectaccessreviews',
    schema: `${TYPES}.SubjectAccessReview`,
  }),
  localsubjectaccessreviews: kind<LocalSubjectAccessReview>({
    ...ROW,
    namespaced: true,
    kind: 'LocalSubjectAccessReview',
    plural: 'localsubjectaccessreviews',
    schema: `${TYPES}.LocalSubjectAccessReview`,
  }),
  selfsubjectaccessreviews: kind<SelfSubjectAccessReview>({
    ...ROW,
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    schema: `${TYPES}.SelfSubjectAccessReview`,
  }),
  selfsubjectrulesreviews: kind<SelfSubjectRulesReview>({
    ...ROW,
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    schema: `${TYPES}.SelfSubjectRulesReview`,
  }),
};
