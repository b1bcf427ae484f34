/** Bootstrap tokens: short-lived ones that live in secrets, by which nodes and their installers come in. */
import { timingSafeEqual } from 'node:crypto';
import { objectKey } from '../../../api/object.ts';
import { parseTime } from '../../../api/machinery/time.ts';
import type { Secret } from '../../../api/types/core.v1.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { View } from '../../../lib/view.ts';
import { GROUPS } from '../../user.ts';
import { TokenError, type TokenVerifier, type Verified } from './port.ts';
import { forThisApi } from './static.ts';

const NAMESPACE = 'kube-system';
const TYPE = 'bootstrap.kubernetes.io/token';
const NAME_PREFIX = 'bootstrap-token-';
const USER_PREFIX = 'system:bootstrap:';
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export interface BootstrapTokensOptions {
  readonly secrets: View<Secret>;
  /** Those of this API, for which alone these tokens are. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

export class BootstrapTokens implements TokenVerifier {
  private readonly options: BootstrapTokensOptions;

  constructor(options: BootstrapTokensOptions) {
    this.options = options;
  }

  verify(token: string, audiences: readonly string[]): Promise<Verified | undefined> {
    const [, id = '', secret = ''] = TOKEN.exec(token) ?? [];
    if (id === '') return Promise.resolve(undefined);
    // Whatever is wrong with it, who tries tokens learns only that this one is none.
    const groups = this.groupsOf(id, secret);
    if (!groups) return Promise.reject(new TokenError('invalid bearer token'));
    const user = { name: USER_PREFIX + id, groups };
    return Promise.resolve({ user, audiences: forThisApi(this.options.audiences, audiences) });
  }

  /** undefined when the token does not hold. */
  private groupsOf(id: string, secret: string): string[] | undefined {
    const { secrets, clock } = this.options;
    const found = secrets.get(objectKey(NAMESPACE, NAME_PREFIX + id));
    if (!found || found.type !== TYPE || found.metadata.deletionTimestamp) return undefined;
    const text = (key: string): string => Buffer.from(found.data?.[key] ?? '', 'base64').toString();
    if (text('token-id') !== id || !isSame(text('token-secret'), secret)) return undefined;
    const end = text('expiration');
    // An end that can't be read is taken for one that has passed.
    if (end !== '' && !(parseTime(end) > clock.date().getTime())) return undefined;
    if (text('usage-bootstrap-authentication') !== 'true') return undefined;
    return groupsIn(text('auth-extra-groups'));
  }
}

function groupsIn(list: string): string[] | undefined {
  const extra = list === '' ? [] : [...new Set(list.split(','))];
  return extra.every((group) => GROUP.test(group)) ? [GROUPS.bootstrappers, ...extra] : undefined;
}

function isSame(a: string, b: string): boolean {
  const [one, two] = [Buffer.from(a), Buffer.from(b)];
  return one.length === two.length && timingSafeEqual(one, two);
}
