/**
 * Arguments in kubectl's syntax, which is not quite what other parsers take: `-oyaml`, `-o=yaml`, `-it`,
 * `--wait=false`, and flags that have a value only with `=` (`--cascade=orphan`). Flags may stand anywhere before `--`.
 */
import { UsageError } from './errors.ts';
import { dashed, type Flag, type FlagTable } from './flags.ts';

export interface Parsed {
  readonly values: Record<string, unknown>;
  /** Names, as in the table, of the flags that were given. */
  readonly given: ReadonlySet<string>;
  readonly args: readonly string[];
  /** What follows `--`; undefined when there is no `--`. */
  readonly afterDash: readonly string[] | undefined;
  /** With `untilFirstArgument`: where the first argument stands; -1 when there is none. */
  readonly firstArgument: number;
}

type Entry = readonly [name: string, flag: Flag<unknown>];

export interface ParseOptions {
  /** What stands after the first argument is left alone: it belongs to a verb that isn't known yet. */
  readonly untilFirstArgument?: boolean;
}

/** Throws UsageError. */
export function parseArguments(words: readonly string[], table: FlagTable, options: ParseOptions = {}): Parsed {
  return new Parser(words, table).parse(options);
}

class Parser {
  private readonly words: readonly string[];
  private readonly byName: ReadonlyMap<string, Entry>;
  private readonly byLetter: ReadonlyMap<string, Entry>;
  private readonly values: Record<string, unknown>;
  private readonly given = new Set<string>();
  private next = 0;

  constructor(words: readonly string[], table: FlagTable) {
    const entries = Object.entries(table);
    this.words = words;
    this.byName = new Map(entries.map((entry) => [dashed(entry[0]), entry]));
    this.byLetter = new Map(entries.flatMap((entry) => (entry[1].short ? [[entry[1].short, entry]] : [])));
    this.values = Object.fromEntries(entries.map(([name, flag]) => [name, flag.fallback]));
  }

  parse({ untilFirstArgument = false }: ParseOptions): Parsed {
    const args: string[] = [];
    let afterDash: readonly string[] | undefined;
    let firstArgument = -1;
    while (this.next < this.words.length) {
      const word = this.words[this.next++] ?? '';
      if (word === '--') {
        afterDash = this.words.slice(this.next);
        break;
      }
      if (word.startsWith('--')) this.takeLong(word.slice(2));
      else if (word.startsWith('-') && word.length > 1) this.takeShorts(word.slice(1));
      else {
        if (firstArgument < 0) firstArgument = this.next - 1;
        args.push(word);
        if (untilFirstArgument) break;
      }
    }
    return { values: this.values, given: this.given, args, afterDash, firstArgument };
  }

  private takeLong(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const entry = this.byName.get(name);
    if (!entry) throw new UsageError(`unknown flag: --${name}`);
    const value = equals < 0 ? (entry[1].bare ?? this.following(`--${name}`)) : word.slice(equals + 1);
    this.set(entry, value);
  }

  /** One letter or several switches' letters, the last of which may have a value. */
  private takeShorts(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at] ?? '';
      const entry = this.byLetter.get(letter);
      if (!entry) throw new UsageError(`unknown shorthand flag: '${letter}' in -${letters}`);
      const rest = letters.slice(at + 1);
      if (rest.startsWith('=')) return this.set(entry, rest.slice(1));
      if (entry[1].bare === undefined) {
        return this.set(entry, rest === '' ? this.following(`'${letter}' in -${letters}`) : rest);
      }
      this.set(entry, entry[1].bare);
    }
  }

  private following(flag: string): string {
    const word = this.words[this.next++];
    if (word === undefined) throw new UsageError(`flag needs an argument: ${flag}`);
    return word;
  }

  private set([name, flag]: Entry, value: string): void {
    const before = this.values[name];
    this.given.add(name);
    try {
      this.values[name] = flag.parse(value, before);
    } catch (error) {
      const said = `${flag.short ? `-${flag.short}, ` : ''}--${dashed(name)}`;
      throw new UsageError(`invalid argument "${value}" for "${said}" flag: ${(error as Error).message}`);
    }
  }
}
