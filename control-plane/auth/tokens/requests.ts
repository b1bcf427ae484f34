/** Makes the tokens that are asked for by TokenRequest, bound to what it names. */
import { badRequest, conflict, forbidden, invalid } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import type { BoundObjectReference, TokenRequest } from '../../../api/types/authentication.v1.ts';
import type { Pod, ServiceAccount } from '../../../api/types/core.v1.ts';
import { validateTokenRequest } from '../../../api/validation/authentication.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Registry, Resource } from '../../registry/port.ts';
import { nodeNameOf, type User } from '../../user.ts';
import type { Binding } from './claims.ts';
import type { ServiceAccountTokens } from './service-accounts.ts';

const DEFAULT_SECONDS = 3600;
/**
 * What the volume that every pod gets asks for. Programs that read their token once and never again shall not break after
 * an hour: such a token lives for a year, or as long as its pod, and says when it should have been read again.
 */
const WATCHED_SECONDS = 3607;
const YEAR_SECONDS = 365 * 24 * 3600;
const SUBJECT = { group: 'authentication.k8s.io', plural: 'tokenrequests', kind: 'TokenRequest' };

export interface TokenRequestsOptions {
  readonly tokens: ServiceAccountTokens;
  readonly registry: Pick<Registry, 'resource'>;
  readonly clock: Clock;
}

export class TokenRequests {
  private readonly options: TokenRequestsOptions;

  constructor(options: TokenRequestsOptions) {
    this.options = options;
  }

  /**
   * Answers with the request and its token. Rejects with a StatusError: Invalid, BadRequest, NotFound, Conflict when the
   * object to bind to was made anew, Forbidden when a node asks for what is not of its pods.
   */
  async issue(namespace: string, name: string, request: TokenRequest, user: User | undefined): Promise<TokenRequest> {
    const { tokens, clock } = this.options;
    const expirationSeconds = request.spec.expirationSeconds ?? DEFAULT_SECONDS;
    const spec = { ...request.spec, expirationSeconds };
    const errors = validateTokenRequest(spec);
    if (errors.length > 0) throw invalid(SUBJECT, '', errors);
    const node = user && nodeNameOf(user);
    if (node !== undefined) this.checkNode(node, namespace, name, spec);
    const account = await this.find<ServiceAccount>(kinds.serviceaccounts, namespace, name);
    const binding = await this.bind(account, spec.boundObjectRef);
    const audiences = spec.audiences?.length ? spec.audiences : tokens.audiences;
    const isWatched = expirationSeconds === WATCHED_SECONDS && binding.pod !== undefined && this.isForApi(audiences);
    const token = await tokens.issue({
      account,
      binding,
      audiences,
      seconds: isWatched ? YEAR_SECONDS : expirationSeconds,
      ...(isWatched ? { warnSeconds: WATCHED_SECONDS } : {}),
    });
    const now = clock.date().getTime();
    const creationTimestamp = formatTime(now);
    return {
      ...request,
      metadata: { ...request.metadata, name, namespace, creationTimestamp },
      spec: { ...spec, audiences: [...audiences] },
      status: { token, expirationTimestamp: formatTime(now + expirationSeconds * 1000) },
    };
  }

  private isForApi(audiences: readonly string[]): boolean {
    return audiences.every((audience) => this.options.tokens.audiences.includes(audience));
  }

  /** An agent gets tokens for its own pods only, and only for those whom their volumes name. */
  private checkNode(node: string, namespace: string, name: string, spec: TokenRequest['spec']): void {
    const refuse = (why: string): Error => forbidden(kinds.serviceaccounts, name, why);
    const { boundObjectRef: reference, audiences } = spec;
    if (reference?.kind !== 'Pod' || (reference.apiVersion ?? 'v1') !== 'v1') {
      throw refuse('node requested token not bound to a pod');
    }
    if (!reference.uid) throw refuse('node requested token with a pod binding without a uid');
    const pod = this.options.registry.resource(kinds.pods).view.get(objectKey(namespace, reference.name ?? ''));
    if (pod?.metadata.uid !== reference.uid) throw refuse(`node requested token bound to an unknown pod`);
    if (pod.spec.nodeName !== node) throw refuse('node requested token bound to a pod scheduled on a different node');
    const known = audiencesOf(pod);
    for (const audience of audiences ?? []) {
      const isOwn = this.options.tokens.audiences.includes(audience);
      if (!isOwn && !known.has(audience)) {
        throw refuse(`audience "${audience}" not found in pod spec volume`);
      }
    }
  }

  private async bind(account: ServiceAccount, reference: BoundObjectReference | undefined): Promise<Binding> {
    if (!reference) return {};
    const { namespace = '', name = '' } = account.metadata;
    const { apiVersion = '', kind = '' } = reference;
    const isCore = apiVersion === 'v1' || apiVersion === '';
    if (isCore && kind === 'Pod') {
      const pod = await this.bound(kinds.pods, namespace, reference);
      const running = pod.spec.serviceAccountName ?? '';
      if (running !== name) {
        const why = `cannot bind token for serviceaccount "${name}" to pod running with serviceaccount "${running}"`;
        throw badRequest(why);
      }
      const node = this.options.registry.resource(kinds.nodes).view.get(pod.spec.nodeName ?? '');
      return { pod, ...(node ? { node } : {}) };
    }
    if (isCore && kind === 'Secret') return { secret: await this.bound(kinds.secrets, namespace, reference) };
    if (isCore && kind === 'Node') return { node: await this.bound(kinds.nodes, '', reference) };
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  }

  private async bound<T extends KubeObject>(
    kind: Resource<T>['kind'],
    namespace: string,
    reference: BoundObjectReference,
  ): Promise<T> {
    const object = await this.find(kind, namespace, reference.name ?? '');
    const { uid = '' } = object.metadata;
    if (reference.uid && reference.uid !== uid) {
      const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict(kind, reference.name ?? '', why);
    }
    return object;
  }

  private async find<T extends KubeObject>(kind: Resource<T>['kind'], namespace: string, name: string): Promise<T> {
    const resource = this.options.registry.resource<T>(kind);
    return resource.view.get(kind.namespaced ? objectKey(namespace, name) : name) ?? resource.get(namespace, name);
  }
}

/** Those for whom a pod's volumes want tokens. */
function audiencesOf({ spec }: Pod): Set<string> {
  const sources = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return new Set(sources.map(({ serviceAccountToken }) => serviceAccountToken?.audience ?? ''));
}
