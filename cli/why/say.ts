/** An explanation as text. */
import type { World } from '../session.ts';
import type { Explanation } from './explanation.ts';

export function explanationText({ headline, isFine, facts, nodes, help }: Explanation, world: World): string {
  const isColoured = world.stdout.isTTY === true && !world.env['NO_COLOR'];
  const paint = (code: number, text: string): string => (isColoured ? `\u001B[${code}m${text}\u001B[0m` : text);
  const width = Math.max(0, ...nodes.map(({ name }) => name.length));
  return [
    paint(isFine ? 32 : 1, headline),
    ...facts.map((fact) => `  ${fact}`),
    ...(nodes.length > 0 ? ['', paint(1, 'Nodes, the nearest to taking it first:')] : []),
    ...nodes.map(({ name, reason }) => `  ${name.padEnd(width)}  ${reason}`),
    ...(help.length > 0 ? ['', paint(1, 'What would help:')] : []),
    ...help.map((text) => `  - ${text}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
