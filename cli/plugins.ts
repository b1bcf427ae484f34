/** Programs on the PATH that are verbs: `dure-NAME`, or kubectl's `kubectl-NAME`. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PREFIXES = ['dure-', 'kubectl-'];

export interface Plugin {
  readonly path: string;
  /** Words of the call that are part of the program's name. */
  readonly words: number;
}

/** The program for the longest run of the first words, `a b` being `kubectl-a-b`; dashes inside a word are underscores. */
export function findPlugin(words: readonly string[], path: string): Plugin | undefined {
  const flag = words.findIndex((word) => word.startsWith('-'));
  const names = (flag < 0 ? words : words.slice(0, flag)).map((word) => word.replaceAll('-', '_'));
  for (let count = names.length; count > 0; count--) {
    const name = names.slice(0, count).join('-');
    if (name.includes('/')) continue;
    for (const prefix of PREFIXES) {
      const found = foldersOf(path)
        .map((folder) => join(folder, `${prefix}${name}`))
        .find(isProgram);
      if (found !== undefined) return { path: found, words: count };
    }
  }
  return undefined;
}

/** All files named like one, in the order of the PATH. */
export function listPlugins(path: string): string[] {
  return foldersOf(path).flatMap((folder) =>
    filesIn(folder)
      .filter((name) => PREFIXES.some((prefix) => name.startsWith(prefix)))
      .map((name) => join(folder, name)),
  );
}

export function isProgram(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // It is there, and is no program.
    return false;
  }
}

function foldersOf(path: string): string[] {
  return [...new Set(path.split(delimiter))].filter((folder) => folder.trim() !== '');
}

function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  return entries.map(({ name }) => name).toSorted();
}
