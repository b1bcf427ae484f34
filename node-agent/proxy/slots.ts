/** Which backend stands in which slot: as few slots as possible change when backends come and go. */

/**
 * One slot for each backend, so that all get the same share. Backends keep their slots; the last ones fill the holes.
 * `previous` may hold holes of its own (undefined).
 */
export function arrange(previous: readonly (string | undefined)[], wanted: readonly string[]): string[] {
  const missing = new Set(wanted);
  const kept = new Map<number, string>();
  previous.forEach((backend, slot) => {
    if (backend !== undefined && slot < wanted.length && missing.delete(backend)) kept.set(slot, backend);
  });
  const others = missing.values();
  return wanted.map((_, slot) => kept.get(slot) ?? (others.next().value as string));
}

/**
 * Like {@link arrange}, but no backend ever changes its place: what left leaves a hole, which the next one that comes fills.
 * There are at most `most` places; backends beyond them get none.
 */
export function keepPlaces(
  previous: readonly (string | undefined)[],
  wanted: readonly string[],
  most: number,
): (string | undefined)[] {
  const missing = new Set(wanted);
  const places = previous
    .slice(0, most)
    .map((backend) => (backend !== undefined && missing.delete(backend) ? backend : undefined));
  let place = 0;
  for (const backend of missing) {
    while (places[place] !== undefined) place++;
    if (place === most) break;
    places[place] = backend;
  }
  while (places.length > 0 && places.at(-1) === undefined) places.pop();
  return places;
}
