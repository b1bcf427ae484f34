/** How much work a request is: the seats that it takes while it is carried out, and for some time after that. */
import type { Verb } from '../http/request-info.ts';

export interface Work {
  readonly seats: number;
  /** For what goes on when the request has been answered: watchers are told of what it changed. */
  readonly finalSeats: number;
  readonly finalMilliseconds: number;
}

/** What a request is about, as far as it decides how much work that is. */
export interface Demanded {
  readonly verb: Verb;
  /** Objects that are looked at; 1 for a request about one. */
  readonly objects: number;
  /** Who is told of a change; 0 for what changes nothing that is watched. */
  readonly watchers: number;
}

/** At the most, whatever a level would allow. */
export const MAX_SEATS = 10;
const OBJECTS_PER_SEAT = 100;
const WATCHERS_PER_SEAT = 10;
/** That a seat's worth of watchers takes. */
const EVENT_MILLISECONDS = 5;

export const ONE_SEAT: Work = Object.freeze({ seats: 1, finalSeats: 0, finalMilliseconds: 0 });

/** `most` is what one request of its level may take. */
export function workOf({ verb, objects, watchers }: Demanded, most: number): Work {
  const limit = Math.min(most, MAX_SEATS);
  switch (verb) {
    case 'list':
    case 'watch':
      return reading(Math.max(1, Math.min(limit, Math.ceil(objects / OBJECTS_PER_SEAT))));
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return changing(watchers, limit);
    default:
      return ONE_SEAT;
  }
}

function reading(seats: number): Work {
  return seats === 1 ? ONE_SEAT : { seats, finalSeats: 0, finalMilliseconds: 0 };
}

/** As much work as there are watchers, on no more seats than allowed and for longer instead. */
function changing(watchers: number, limit: number): Work {
  if (watchers < WATCHERS_PER_SEAT) return ONE_SEAT;
  const wanted = Math.ceil(watchers / WATCHERS_PER_SEAT);
  const finalSeats = Math.min(wanted, limit);
  return { seats: 1, finalSeats, finalMilliseconds: (wanted * EVENT_MILLISECONDS) / finalSeats };
}
