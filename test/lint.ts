/** Everything a machine can say about style: format, lint (with types), compiler. Exits 1 when any of them complains. */
import { spawnSync } from 'node:child_process';

const FOLDERS = ['api', 'lib', 'control-plane', 'node-agent', 'cli', 'test'];
const CHECKS: [string, string[]][] = [
  ['oxfmt', ['--check', ...FOLDERS]],
  ['oxlint', ['--type-aware', '--deny-warnings', ...FOLDERS]],
  ['tsc', ['--noEmit']],
];

const failed = CHECKS.filter(([program, args]) => {
  const result = spawnSync(`node_modules/.bin/${program}`, args, { stdio: 'inherit' });
  return result.status !== 0;
});
for (const [program] of failed) console.error(`lint: ${program} found something`);
process.exitCode = failed.length > 0 ? 1 : 0;
