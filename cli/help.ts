/** --help. */
import type { CommandModule } from './command.ts';
import { dashed, type Flag } from './flags.ts';
import { globalFlags } from './globals.ts';
import type { Output } from './session.ts';
import { verbs } from './verbs.ts';

export function printUsage(stdout: Output): void {
  const lines = ["dure controls a cluster: kubectl's verbs, and some of its own.", ''];
  for (const [section, entries = []] of Map.groupBy(Object.entries(verbs), ([, { section }]) => section)) {
    lines.push(`${section}:`, ...columns(entries.map(([name, { summary }]) => [name, summary])), '');
  }
  lines.push(
    'Programs:',
    ...columns([
      ['server', 'Run a server of the cluster'],
      ['agent', 'Run the agent of a node'],
    ]),
    '',
  );
  lines.push('Usage:', '  dure [flags] [options]', '', 'Use "dure <command> --help" for more about a command.');
  stdout.write(`${lines.join('\n')}\n`);
}

export function printHelp(module: CommandModule, path: string, stdout: Output): void {
  const lines = [`${module.summary}.`, ''];
  if (module.examples) lines.push('Examples:', ...module.examples.map((example) => `  ${example}`), '');
  if (module.subcommands) {
    const entries = Object.entries(module.subcommands).map(([name, { summary }]): [string, string] => [name, summary]);
    lines.push('Available Commands:', ...columns(entries), '');
  }
  if (module.flags) lines.push('Options:', ...flagLines(module.flags), '');
  lines.push('Options of every command:', ...flagLines(globalFlags), '');
  lines.push('Usage:', `  ${path} ${module.usage}`.trimEnd());
  stdout.write(`${lines.join('\n')}\n`);
}

function flagLines(table: Readonly<Record<string, Flag<unknown>>>): string[] {
  const entries = Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.flatMap(([name, flag]) => {
    const short = flag.short ? `-${flag.short}, ` : '    ';
    return [`    ${short}--${dashed(name)}=${defaultText(flag)}:`, `        ${flag.help}`];
  });
}

function defaultText({ fallback, placeholder }: Flag<unknown>): string {
  if (Array.isArray(fallback) || fallback instanceof Map) return '[]';
  if (typeof fallback === 'boolean' || typeof fallback === 'number') return String(fallback);
  if (placeholder === 'int' || placeholder === 'duration') return '0';
  return typeof fallback === 'string' ? `'${fallback}'` : "''";
}

function columns(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...entries.map(([name]) => name.length)) + 3;
  return entries.map(([name, summary]) => `  ${name.padEnd(width)}${summary}`);
}
