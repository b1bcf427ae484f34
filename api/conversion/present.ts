/** The object without the members that have no value; those must not be there at all. */
export function present<T extends object>(object: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as { [Key in keyof T]?: NonNullable<T[Key]> };
}
