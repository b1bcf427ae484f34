/** May this user do that? */
import { forbidden, StatusError } from '../../api/errors.ts';
import type { PolicyRule } from '../../api/types/rbac.v1.ts';
import type { Attributes } from './attributes.ts';
import { GROUPS, type User } from '../user.ts';

export interface Decision {
  /** `none`: no opinion. The first other verdict counts; when there is none, the answer is no. */
  readonly verdict: 'allow' | 'deny' | 'none';
  /** '' when there is nothing to say. */
  readonly reason: string;
}

/** What an authorizer can tell of somebody's rights without being asked about one. */
export interface KnownRules {
  readonly rules: readonly PolicyRule[];
  /** He may have more rights than these. */
  readonly incomplete: boolean;
  /** What kept it from telling more. */
  readonly errors: readonly string[];
}

/** Decides on what is in memory, at once: every request waits for it. */
export interface Authorizer {
  authorize(user: User, attributes: Attributes): Decision;
  /** Absent for one that goes by no rules. `namespace` is '' for the rights in all of the cluster alone. */
  rulesFor?(user: User, namespace: string): KnownRules;
}

export const NO_OPINION: Decision = { verdict: 'none', reason: '' };

const ALLOWED: Decision = { verdict: 'allow', reason: '' };

export const masters: Authorizer = {
  authorize: (user) => (user.groups.includes(GROUPS.masters) ? ALLOWED : NO_OPINION),
};

/** What all of them come to: `none` when nobody has an opinion, with every reason that was given. */
export function decide(authorizers: readonly Authorizer[], user: User, attributes: Attributes): Decision {
  let reason = '';
  for (const authorizer of authorizers) {
    const decision = authorizer.authorize(user, attributes);
    if (decision.verdict !== 'none') return decision;
    if (decision.reason !== '') reason = reason === '' ? decision.reason : `${reason}\n${decision.reason}`;
  }
  return reason === '' ? NO_OPINION : { verdict: 'none', reason };
}

/** What all of them know of somebody's rights. */
export function knownRules(authorizers: readonly Authorizer[], user: User, namespace: string): KnownRules {
  const known = authorizers.flatMap((authorizer) => authorizer.rulesFor?.(user, namespace) ?? []);
  return {
    rules: known.flatMap(({ rules }) => rules),
    incomplete: known.some(({ incomplete }) => incomplete),
    errors: known.flatMap(({ errors }) => errors),
  };
}

/** Throws Forbidden, in Kubernetes' words, unless one of `authorizers` allows it. */
export function authorize(authorizers: readonly Authorizer[], user: User, attributes: Attributes): void {
  const { verdict, reason } = decide(authorizers, user, attributes);
  if (verdict !== 'allow') throw refusal(user, attributes, reason);
}

function refusal(user: User, { verb, path, resource }: Attributes, reason: string): StatusError {
  const who = `User ${quoted(user.name)} cannot ${verb}`;
  const why = reason === '' ? '' : `: ${reason}`;
  if (!resource) {
    const message = `forbidden: ${withoutHtml(`${who} path ${quoted(path)}`)}${why}`;
    return new StatusError({ code: 403, reason: 'Forbidden', message, details: {} });
  }
  const { group, resource: plural, subresource, namespace, name } = resource;
  const what = subresource === '' ? plural : `${plural}/${subresource}`;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${quoted(namespace)}`;
  const said = `${who} resource ${quoted(what)} in API group ${quoted(group)} ${scope}`;
  return forbidden({ group, plural, kind: '' }, name, `${withoutHtml(said)}${why}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** What clients wrote is shown by browsers too. */
function withoutHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
