/** Questions about who somebody is: whose a token is, and who I am. */
import { badRequest } from '../../api/errors.ts';
import { authenticationKinds } from '../../api/kinds/authentication.ts';
import { formatTime } from '../../api/machinery/time.ts';
import type { TokenReview, TokenReviewStatus, UserInfo } from '../../api/types/authentication.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import { TokenError, type Verified } from '../auth/tokens/port.ts';
import { GROUPS, type User } from '../user.ts';
import { answered, type AnsweredKind } from './answered.ts';

export interface Tokens {
  /** Those of this API. */
  readonly audiences: readonly string[];
  /** Rejects with a TokenError when nobody knows the token. */
  verify(token: string, audiences: readonly string[]): Promise<Verified>;
}

export function authenticationReviews({ tokens, clock }: { tokens: Tokens; clock: Clock }): AnsweredKind[] {
  const created = (): { creationTimestamp: string } => ({ creationTimestamp: formatTime(clock.date().getTime()) });
  return [
    answered({
      kind: authenticationKinds.tokenreviews,
      answer: async (review) => ({ ...review, status: await reviewToken(review, tokens) }),
    }),
    answered({
      kind: authenticationKinds.selfsubjectreviews,
      answer: (review, { user }) => ({
        ...review,
        metadata: { ...review.metadata, ...created() },
        status: { userInfo: user ? infoOf(user) : {} },
      }),
    }),
  ];
}

async function reviewToken({ spec }: TokenReview, tokens: Tokens): Promise<TokenReviewStatus> {
  if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
  const wanted = spec.audiences?.length ? spec.audiences : tokens.audiences;
  try {
    const { user, audiences } = await tokens.verify(spec.token, wanted);
    const known = { ...user, groups: [...user.groups, GROUPS.authenticated] };
    // Who names no audience does not know about them, and is told of none.
    return {
      authenticated: true,
      user: infoOf(known),
      ...(spec.audiences?.length ? { audiences: [...audiences] } : {}),
    };
  } catch (error) {
    if (error instanceof TokenError) return { user: {}, error: error.message };
    throw error;
  }
}

function infoOf({ name, uid, groups, extra }: User): UserInfo {
  const entries: [string, string[]][] = Object.entries(extra ?? {}).map(([key, values]) => [key, [...values]]);
  return {
    username: name,
    ...(uid ? { uid } : {}),
    groups: [...groups],
    ...(entries.length > 0 ? { extra: Object.fromEntries<string[]>(entries) } : {}),
  };
}
