/** Which values are sealed, and with which keys. Can be replaced while the store is in use. */
import { seal, SealError, sealedWith, unseal, type SealingKey } from './envelope.ts';

/** The first provider writes; all of them read. `plain` stands for values that are not sealed. */
export type Provider = SealingKey | 'plain';

export interface SealingRule {
  /** The rule is for keys that begin so. */
  readonly prefixes: readonly string[];
  readonly providers: readonly Provider[];
}

export class Sealing {
  private rules: readonly SealingRule[];

  constructor(rules: readonly SealingRule[]) {
    this.rules = rules;
  }

  replace(rules: readonly SealingRule[]): void {
    this.rules = rules;
  }

  /** Every prefix below which something is, or was, sealed. */
  get prefixes(): string[] {
    return [...new Set(this.rules.flatMap(({ prefixes }) => prefixes))];
  }

  seal(place: string, plain: Buffer): Buffer {
    const first = this.ruleOf(place)?.providers[0];
    return first === undefined || first === 'plain' ? plain : seal(place, plain, first);
  }

  /** Throws {@link SealError} for what can't be read with the providers of its rule. */
  open(place: string, value: Buffer): Buffer {
    const name = sealedWith(value);
    const rule = this.ruleOf(place);
    if (name === undefined) {
      if (!rule || rule.providers.includes('plain')) return value;
      throw new SealError(`the value of ${place} is not sealed, and no provider "identity" allows that`);
    }
    const key = rule?.providers.find((provider) => provider !== 'plain' && provider.name === name);
    if (key === undefined || key === 'plain') {
      throw new SealError(`the value of ${place} is sealed with key "${name}", which is not configured`);
    }
    return unseal(place, value, key);
  }

  /** Whether the value would be written otherwise today: plain, or with another key. */
  isStale(place: string, value: Buffer): boolean {
    const first = this.ruleOf(place)?.providers[0] ?? 'plain';
    return sealedWith(value) !== (first === 'plain' ? undefined : first.name);
  }

  private ruleOf(place: string): SealingRule | undefined {
    return this.rules.find(({ prefixes }) => prefixes.some((prefix) => place.startsWith(prefix)));
  }
}
