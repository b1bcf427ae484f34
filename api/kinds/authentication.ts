/** The authentication.k8s.io group: questions, answered and never stored. */
import type { SelfSubjectReview, TokenReview } from '../types/authentication.v1.ts';
import { kind } from './kind.ts';

const TYPES = 'io.k8s.api.authentication.v1';
const ROW = { group: 'authentication.k8s.io', namespaced: false, verbs: ['create'] };

export const authenticationKinds = {
  tokenreviews: kind<TokenReview>({
    ...ROW,
    kind: 'TokenReview',
    plural: 'tokenreviews',
    schema: `${TYPES}.TokenReview`,
  }),
  selfsubjectreviews: kind<SelfSubjectReview>({
    ...ROW,
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    schema: `${TYPES}.SelfSubjectReview`,
  }),
};
