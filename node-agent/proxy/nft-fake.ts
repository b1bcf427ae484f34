/** A table in memory that refuses what the kernel would refuse. */
import { type Nft, NftError, type NftStep, type TableState } from './port.ts';

interface FakeTable {
  chains: Map<string, { hook: string | undefined; rules: string[] }>;
  sets: Map<string, Map<string, string>>;
}

export class NftFake implements Nft {
  /** Every transaction that was carried out. */
  readonly commits: (readonly NftStep[])[] = [];
  private table: FakeTable | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly filledByRules = new Set<string>();
  private failure: NftError | undefined;

  read(): Promise<TableState | undefined> {
    if (!this.table) return Promise.resolve(undefined);
    const { chains, sets } = structuredClone(this.table);
    for (const set of this.filledByRules) sets.delete(set);
    return Promise.resolve({ chains: new Set(chains.keys()), elements: sets });
  }

  commit(steps: readonly NftStep[]): Promise<void> {
    const failure = this.failure;
    this.failure = undefined;
    if (failure) return Promise.reject(failure);
    const before = structuredClone(this.table);
    try {
      for (const step of steps) this.apply(step);
      this.checkVerdicts();
    } catch (error) {
      this.table = before;
      return Promise.reject(error as Error);
    }
    this.commits.push(steps);
    return Promise.resolve();
  }

  onDisturbed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stop(): Promise<void> {
    this.listeners.clear();
    return Promise.resolve();
  }

  /** As if somebody else had flushed the ruleset. */
  flush(): void {
    this.table = undefined;
    for (const listener of this.listeners) listener();
  }

  /** The next commit fails and changes nothing. */
  failNext(message: string): void {
    this.failure = new NftError(message);
  }

  rules(chain: string): readonly string[] {
    return this.table?.chains.get(chain)?.rules ?? [];
  }

  private get current(): FakeTable {
    if (!this.table) throw new NftError('No such file or directory');
    return this.table;
  }

  private apply(step: NftStep): void {
    switch (step.step) {
      case 'add-table':
        this.table ??= { chains: new Map(), sets: new Map() };
        return;
      case 'remove-table':
        this.table = undefined;
        return;
      case 'add-chain':
        if (!this.current.chains.has(step.chain)) this.current.chains.set(step.chain, { hook: step.hook, rules: [] });
        return;
      case 'remove-chain':
        return this.removeChain(step.chain);
      case 'add-rule':
        this.found(this.current.chains, step.chain).rules.push(step.rule);
        return;
      case 'add-set':
        if (step.type.includes('dynamic')) this.filledByRules.add(step.set);
        if (!this.current.sets.has(step.set)) this.current.sets.set(step.set, new Map());
        return;
      case 'add-element':
        return this.addElement(step.set, step.key, step.value ?? '');
      case 'remove-element':
        if (!this.found(this.current.sets, step.set).delete(step.key)) throw new NftError('No such file or directory');
    }
  }

  private addElement(set: string, key: string, value: string): void {
    const elements = this.found(this.current.sets, set);
    if ((elements.get(key) ?? value) !== value) throw new NftError('File exists');
    elements.set(key, value);
  }

  private removeChain(chain: string): void {
    this.found(this.current.chains, chain);
    for (const elements of this.current.sets.values())
      for (const value of elements.values())
        if (value === `goto ${chain}`) throw new NftError('Device or resource busy');
    this.current.chains.delete(chain);
  }

  private checkVerdicts(): void {
    for (const elements of this.table?.sets.values() ?? [])
      for (const value of elements.values())
        if (value.startsWith('goto ')) this.found(this.current.chains, value.slice('goto '.length));
  }

  private found<T>(where: Map<string, T>, name: string): T {
    const found = where.get(name);
    if (found === undefined) throw new NftError(`${name}: No such file or directory`);
    return found;
  }
}
