import { attributesOf } from '../auth/attributes.ts';
import { authorize } from '../auth/authorizer.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';

/** Who may change objects may not therefore make new ones, as PUT and apply sometimes do. Throws Forbidden. */
export function authorizeCreation({ user, info }: ResourceExchange, { authorizers }: HandlerOptions): void {
  if (user) authorize(authorizers, user, { ...attributesOf(info), verb: 'create' });
}
