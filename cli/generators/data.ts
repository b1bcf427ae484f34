/** The data of config maps and secrets, from literals, files and env files. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { array } from '../flags.ts';
import { CommandError } from '../errors.ts';
import { pairOf } from './create.ts';

export const dataFlags = {
  fromLiteral: array('Specify a key and literal value to insert (i.e. mykey=somevalue)'),
  fromFile: array('A file or a directory of files; the key is the file name unless given as key=path'),
  fromEnvFile: array('A file of lines key=value'),
};

export interface DataValues {
  readonly fromLiteral: readonly string[];
  readonly fromFile: readonly string[];
  readonly fromEnvFile: readonly string[];
}

/** Throws CommandError for a key that is given twice, or a file that can't be read. */
export function dataOf(flags: DataValues): Map<string, Buffer> {
  const data = new Map<string, Buffer>();
  const add = (key: string, value: Buffer): void => {
    if (data.has(key)) throw new CommandError(`cannot add key "${key}", another key by that name already exists`);
    data.set(key, value);
  };
  for (const source of flags.fromFile) for (const [key, path] of filesOf(source)) add(key, readBytes(path));
  for (const literal of flags.fromLiteral) {
    const [key, value] = pairOf(literal);
    add(key, Buffer.from(value));
  }
  for (const path of flags.fromEnvFile) for (const [key, value] of envLines(path)) add(key, Buffer.from(value));
  return data;
}

function filesOf(source: string): [string, string][] {
  const [key, path] = source.includes('=') ? pairOf(source) : ['', source];
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new CommandError(`error reading ${path}: no such file or directory`);
  if (!stats.isDirectory()) return [[key || basename(path), path]];
  if (key !== '') throw new CommandError('cannot give a key name for a directory path');
  const entries = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ name }) => [name, join(path, name)]);
}

function envLines(path: string): [string, string][] {
  const lines = readBytes(path)
    .toString()
    .split('\n')
    .map((line) => line.trimStart().replace(/\r$/, ''));
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => (line.includes('=') ? pairOf(line) : [line, process.env[line] ?? '']));
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`error reading ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Values that are text, and values that aren't. */
export function byEncoding(data: ReadonlyMap<string, Buffer>): {
  text: [string, string][];
  binary: [string, string][];
} {
  const isText = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8')).equals(bytes);
  const entries = [...data];
  return {
    text: entries.filter(([, bytes]) => isText(bytes)).map(([key, bytes]) => [key, bytes.toString()]),
    binary: entries.filter(([, bytes]) => !isText(bytes)).map(([key, bytes]) => [key, bytes.toString('base64')]),
  };
}
