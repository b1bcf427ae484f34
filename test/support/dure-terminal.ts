/** The program `dure` as somebody at a keyboard has it: a process whose input and output are a terminal. */
import { spawn } from 'node:child_process';
import { Running } from './session.ts';

const PROGRAM = new URL('../../dure.ts', import.meta.url).pathname;
export const CONTROL_C = '\u0003';

/** Rows and columns. */
export const TERMINAL_SIZE = '33 77';

/** What is written to its standard input is typed; the exit code is the program's. The caller ends it. */
export function dureOnTerminal(kubeconfig: string, args: readonly string[]): Running {
  const words = [process.execPath, PROGRAM, `--kubeconfig=${kubeconfig}`, ...args];
  const line = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const [rows, columns] = TERMINAL_SIZE.split(' ');
  const command = `stty rows ${rows} columns ${columns} && exec ${line}`;
  return new Running(
    spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: { ...process.env, TERM: 'dumb' },
    }),
  );
}
