/** Requests that are sent when they are due, whether or not those before have been answered. */
import type { ApiLoad, Call } from './api-load.ts';
import { sleep, systemClock } from '../../lib/clock.ts';

/** Milliseconds by {@link instant}. */
export interface Sent {
  readonly sort: string;
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
}

export interface OpenLoop {
  readonly load: ApiLoad;
  readonly perSecond: number;
  readonly seconds: number;
  /** The `number`th request. */
  readonly request: (number: number) => { readonly sort: string; readonly call: Call };
}

/** Milliseconds since 1970, as precise as can be had, and the same in all threads. */
export function instant(): number {
  return performance.timeOrigin + performance.now();
}

/** Resolves when all have been answered. Rejects when one is refused. */
export async function runOpenLoop({ load, perSecond, seconds, request }: OpenLoop): Promise<Sent[]> {
  const begun = instant();
  const send = async (number: number): Promise<Sent> => {
    const { sort, call } = request(number);
    const due = begun + (number * 1000) / perSecond;
    const sent = instant();
    await load.send(call);
    return { sort, due, sent, answered: instant() };
  };
  const underWay: Promise<Sent>[] = [];
  for (let number = 0; number < perSecond * seconds; number += 1) {
    const ahead = begun + (number * 1000) / perSecond - instant();
    if (ahead > 0) await sleep(systemClock, ahead);
    underWay.push(send(number));
  }
  return Promise.all(underWay);
}
