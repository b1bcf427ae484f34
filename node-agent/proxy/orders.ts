/** In which order a frontend's backends stand, as planned and as the kernel has them. */
import { FAMILIES, type Family, PROTOCOLS, type Target } from './frontends.ts';
import { drawsOf, markOfPlace, MOST_PLACES, placeOfMark, placesOf, slotsOf } from './layout.ts';
import type { TableState } from './port.ts';
import { arrange, keepPlaces } from './slots.ts';

/** With session affinity slots are places, which may have holes. */
export interface Order {
  readonly slots: readonly (string | undefined)[];
  /** With session affinity the marks of the places that have a backend, by the number drawn; otherwise empty. */
  readonly draws: readonly (string | undefined)[];
}

export const NO_ORDER: Order = { slots: [], draws: [] };

/** By frontend. */
export type Orders = Map<string, Order>;

/** The order that moves as little as possible from the one before. */
export function orderFor(target: Target, { slots, draws }: Order): Order {
  if (target.type !== 'balance') return NO_ORDER;
  if (target.affinitySeconds === undefined) return { slots: arrange(slots, target.backends), draws: [] };
  const places = keepPlaces(slots, target.backends, MOST_PLACES);
  const marks = places.flatMap((backend, place) =>
    backend === undefined ? [] : [String(markOfPlace(place, target.masquerade))],
  );
  return { slots: places, draws: arrange(draws, marks) };
}

/** The orders as the kernel has them, so that adopting a table moves as little as an update does. */
export function ordersIn(table: TableState | undefined): Orders {
  const orders = new Map<string, { slots: (string | undefined)[]; draws: (string | undefined)[] }>();
  const collect = (family: Family, set: string, into: keyof Order, at: (number: number) => number): void => {
    for (const [key, value] of table?.elements.get(set) ?? []) {
      const end = key.lastIndexOf(' . ');
      const id = `${family}|${key.slice(0, end)}`;
      const order = orders.get(id) ?? { slots: [], draws: [] };
      order[into][at(Number(key.slice(end + 3)))] = value;
      orders.set(id, order);
    }
  };
  for (const family of FAMILIES) {
    for (const protocol of PROTOCOLS) {
      collect(family, slotsOf(family, protocol), 'slots', (slot) => slot);
      collect(family, placesOf(family, protocol), 'slots', placeOfMark);
    }
    collect(family, drawsOf(family), 'draws', (drawn) => drawn);
  }
  return orders;
}
