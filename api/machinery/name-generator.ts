/** Names from `generateName`: the prefix and five random characters, none of which can form a word by chance. */

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_PREFIX_LENGTH = 63 - SUFFIX_LENGTH;

/** Attempts before a create with a generated name is refused as AlreadyExists. */
export const MAX_NAME_ATTEMPTS = 8;

/** An integer of at least 0 and less than `bound`, each as likely. */
export type RandomInteger = (bound: number) => number;

export function generateName(prefix: string, random: RandomInteger): string {
  let suffix = '';
  while (suffix.length < SUFFIX_LENGTH) suffix += ALPHABET[random(ALPHABET.length)];
  return prefix.slice(0, MAX_PREFIX_LENGTH) + suffix;
}
