/**
 * A pod that is being deleted is told to stop when services have stopped sending it new connections: most programs close
 * their listening socket at SIGTERM, and whoever is still sent to them then is refused. It is told at once when no
 * service names it.
 */
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { PodServices } from './services.ts';

/** The other nodes change their rules when this one does, in tens of milliseconds; busy ones take longer. */
const SETTLE_MILLISECONDS = 250;
/** The control plane may be away: the pod still ends. */
const LIMIT_MILLISECONDS = 2000;

/** Resolves when no service sends new connections to the pod, or `limit` milliseconds later at the latest. */
export async function untilUnserved(
  { state, clock }: Pick<PodServices, 'state' | 'clock'>,
  uid: string,
  limit: number,
): Promise<void> {
  const slices = state.endpointslices;
  const serving = new Set<string>();
  for (const slice of slices.list()) if (sendsTo(slice, uid)) serving.add(keyOf(slice));
  if (serving.size === 0 || limit <= 0) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      unsubscribe();
      timer.cancel();
      resolve();
    };
    let timer = clock.after(Math.min(limit, LIMIT_MILLISECONDS), end);
    const unsubscribe = slices.subscribe(({ type, key, object }) => {
      if (!serving.has(key) || (type !== 'deleted' && sendsTo(object, uid))) return;
      serving.delete(key);
      if (serving.size > 0) return;
      timer.cancel();
      timer = clock.after(Math.min(limit, SETTLE_MILLISECONDS), end);
    });
  });
}

function sendsTo({ endpoints }: EndpointSlice, uid: string): boolean {
  const own = (endpoints ?? []).filter(({ targetRef }) => targetRef?.uid === uid);
  return own.some(({ conditions }) => (conditions?.ready ?? true) && !(conditions?.terminating ?? false));
}

function keyOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.name}`;
}
