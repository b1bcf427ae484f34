/** Election by a lease: of several operators one works, and another takes over when it is gone. */
import { ApiException, CoordinationV1Api, V1MicroTime, type V1Lease } from '@kubernetes/client-node';

export interface LeaderOptions {
  readonly api: CoordinationV1Api;
  readonly namespace: string;
  readonly name: string;
  /** Who this is: different for each process. */
  readonly identity: string;
  /** How long a leader that is not heard of remains one. */
  readonly leaseSeconds: number;
}

const CONFLICT = 409;
const NOT_FOUND = 404;

export class Leader {
  readonly #options: LeaderOptions;
  /** When the lease was last seen to change, by this process's own clock: clocks of others are not compared with it. */
  #seen: { readonly renewal: string; readonly at: number } | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /** Takes or renews the lease. False while another one has it. Rejects when the server can't be asked. */
  async hold(): Promise<boolean> {
    const { api, namespace, name, identity } = this.#options;
    const lease = await this.#read();
    try {
      if (!lease) {
        await api.createNamespacedLease({ namespace, body: { metadata: { name }, spec: this.#spec(undefined) } });
        return true;
      }
      if (lease.spec?.holderIdentity !== identity && !this.#isOver(lease)) return false;
      await api.replaceNamespacedLease({ namespace, name, body: Object.assign(lease, { spec: this.#spec(lease) }) });
      return true;
    } catch (error) {
      // Another one was quicker.
      if (error instanceof ApiException && error.code === CONFLICT) return false;
      throw error;
    }
  }

  /** Gives the lease away, so that the next one need not wait. */
  async release(): Promise<void> {
    const { api, namespace, name, identity } = this.#options;
    const lease = await this.#read();
    if (!lease?.spec || lease.spec.holderIdentity !== identity) return;
    lease.spec.holderIdentity = '';
    await api.replaceNamespacedLease({ namespace, name, body: lease });
  }

  async #read(): Promise<V1Lease | undefined> {
    const { api, namespace, name } = this.#options;
    try {
      return await api.readNamespacedLease({ namespace, name });
    } catch (error) {
      if (error instanceof ApiException && error.code === NOT_FOUND) return undefined;
      throw error;
    }
  }

  #isOver({ spec, metadata }: V1Lease): boolean {
    if (!spec?.holderIdentity) return true;
    const renewal = metadata?.resourceVersion ?? '';
    if (this.#seen?.renewal !== renewal) this.#seen = { renewal, at: performance.now() };
    return performance.now() - this.#seen.at > (spec.leaseDurationSeconds ?? this.#options.leaseSeconds) * 1000;
  }

  #spec(lease: V1Lease | undefined): NonNullable<V1Lease['spec']> {
    const { identity, leaseSeconds } = this.#options;
    const now = new V1MicroTime();
    const isMine = lease?.spec?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      renewTime: now,
      acquireTime: isMine ? (lease.spec?.acquireTime ?? now) : now,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (lease && !isMine ? 1 : 0),
    };
  }
}
