/** How long learners have been waited for. etcd takes one at a time, and keeps one that never starts for ever. */
import type { Clock } from '../../lib/clock.ts';
import type { StoreMember } from './etcd-cluster.ts';

/** A server that was let in starts its etcd within seconds; one that is still to be installed asks again. */
const PATIENCE_MILLISECONDS = 2 * 60_000;

export class IdleLearners {
  private readonly clock: Clock;
  /** When this server first saw it, by its id; only of those that are learners still. */
  private seen = new Map<string, number>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.clock = clock;
  }

  /** To be told of all members whenever they are looked at. */
  look(members: readonly StoreMember[]): void {
    const idle = members.filter(({ isLearner, name }) => isLearner && name === '');
    this.seen = new Map(idle.map(({ id }) => [id, this.seen.get(id) ?? this.clock.now()]));
  }

  isGivenUp({ id }: StoreMember): boolean {
    const since = this.seen.get(id);
    return since !== undefined && this.clock.now() - since >= PATIENCE_MILLISECONDS;
  }
}
