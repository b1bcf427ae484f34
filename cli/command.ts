/** The shape of a verb. Each stands in a file of its own in commands/, and is loaded only when it is called. */
import type { FlagTable, Values } from './flags.ts';
import type { Session, World } from './session.ts';

export interface Call<Flags extends FlagTable> {
  /** Without flags, and without what follows `--`. */
  readonly args: readonly string[];
  /** What follows `--`; undefined when there is no `--`. */
  readonly afterDash: readonly string[] | undefined;
  readonly flags: Values<Flags>;
  /** Names of the flags that were given, as in the table. */
  readonly given: ReadonlySet<string>;
  readonly session: Session;
  /** Runs another verb, as if it had been typed. Resolves with its exit code. */
  readonly run: (args: readonly string[], world: World) => Promise<number>;
  /** Whether there is a verb of this name. */
  readonly isVerb: (name: string) => boolean;
}

export interface CommandModule<Flags extends FlagTable = FlagTable> {
  /** One line, for the list of verbs. */
  readonly summary: string;
  /** What follows the verb, such as `(TYPE NAME | TYPE/NAME)`. */
  readonly usage: string;
  readonly examples?: readonly string[];
  readonly flags?: Flags;
  /** Verbs below this one, by name. */
  readonly subcommands?: Readonly<Record<string, CommandModule>>;
  /**
   * Resolves with the exit code; nothing means 0. Rejects with what `cli/errors.ts` has for it: the message is printed,
   * the code is 1. Absent when only its subcommands do something.
   */
  run?(call: Call<Flags>): Promise<number | void>;
}

/** Lets the types of a call's flags follow from the table of flags. */
export function defineCommand<const Flags extends FlagTable>(module: CommandModule<Flags>): CommandModule {
  return module as unknown as CommandModule;
}
