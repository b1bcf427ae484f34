/** Everything about bearer tokens, put together: who makes them, and in which order they are recognised. */
import { kinds, type Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { ResourceCache } from '../../cacher/port.ts';
import type { Registry } from '../../registry/port.ts';
import type { User } from '../../user.ts';
import { BearerTokens } from './bearer.ts';
import { BootstrapTokens } from './bootstrap.ts';
import type { TokenVerifier } from './port.ts';
import { TokenRequests } from './requests.ts';
import { ServiceAccountTokens, type ServiceAccountTokensOptions } from './service-accounts.ts';
import { StaticTokens } from './static.ts';

export interface Tokens {
  readonly accounts: ServiceAccountTokens;
  readonly requests: TokenRequests;
  readonly bearer: BearerTokens;
}

export interface TokensOptions {
  readonly registry: Pick<Registry, 'resource'>;
  readonly cacheOf: <T extends KubeObject>(kind: Kind<T>) => ResourceCache<T>;
  readonly key: ServiceAccountTokensOptions['key'];
  /** Such as cluster.local. */
  readonly clusterDomain: string;
  /** Users by tokens that are known from the start. */
  readonly users: ReadonlyMap<string, User>;
  /** Further ways to know a token, asked last. */
  readonly others?: (audiences: readonly string[]) => readonly TokenVerifier[];
  readonly clock: Clock;
  readonly newId: () => string;
}

export function makeTokens(options: TokensOptions): Tokens {
  const { registry, cacheOf, key, clusterDomain, users, clock, newId } = options;
  const bindings = [kinds.serviceaccounts, kinds.pods, kinds.secrets, kinds.nodes] as readonly Kind[];
  const accounts = new ServiceAccountTokens({
    issuer: `https://kubernetes.default.svc.${clusterDomain}`,
    key,
    accounts: cacheOf(kinds.serviceaccounts).view,
    pods: cacheOf(kinds.pods).view,
    secrets: cacheOf(kinds.secrets).view,
    nodes: cacheOf(kinds.nodes).view,
    whenFresh: async () => {
      await Promise.all(bindings.map((kind) => cacheOf(kind).whenFresh()));
    },
    clock,
    newId,
  });
  const { audiences } = accounts;
  const verifiers = [
    new StaticTokens({ users, audiences }),
    accounts,
    new BootstrapTokens({ secrets: cacheOf(kinds.secrets).view, audiences, clock }),
    ...(options.others?.(audiences) ?? []),
  ];
  return {
    accounts,
    requests: new TokenRequests({ tokens: accounts, registry, clock }),
    bearer: new BearerTokens({ verifiers, audiences }),
  };
}
