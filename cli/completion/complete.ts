/** What may come next on a command line: verbs, flags, resource types and names. */
import { parseArguments } from '../arguments.ts';
import { dashed, type FlagTable } from '../flags.ts';
import { globalFlags, type GlobalValues } from '../globals.ts';
import { Session, type World } from '../session.ts';
import { parseTargets, pathOf } from '../targets.ts';
import { verbs } from '../verbs.ts';

const TYPED = new Set([
  'get',
  'describe',
  'delete',
  'edit',
  'label',
  'annotate',
  'patch',
  'scale',
  'wait',
  'expose',
  'rollout',
  'set',
]);
const PODS = new Set(['logs', 'exec', 'attach', 'why', 'port-forward']);
const NODES = new Set(['cordon', 'uncordon', 'drain']);

/** `words` are those after the program's name, the last one being what is typed now. Never rejects: no candidates. */
export async function candidates(words: readonly string[], world: World): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const position = before.find((word) => !word.startsWith('-'));
  if (position === undefined && !typed.startsWith('-')) return startingWith(Object.keys(verbs), typed);
  try {
    return startingWith(await nextOf(before, typed, world), typed);
  } catch {
    // No cluster, or a line that is wrong already: there is nothing to offer.
    return [];
  }
}

async function nextOf(before: readonly string[], typed: string, world: World): Promise<string[]> {
  const {
    args: [verb = ''],
    firstArgument,
  } = parseArguments(before, globalFlags, { untilFirstArgument: true });
  const module = await verbs[verb]?.load();
  const rest = before.toSpliced(firstArgument, 1);
  if (!module) return typed.startsWith('-') ? flagNames(globalFlags) : [];
  const below = module.subcommands?.[rest.find((word) => !word.startsWith('-')) ?? ''];
  if (module.subcommands && !below && !typed.startsWith('-')) return Object.keys(module.subcommands);
  const words = below
    ? rest.toSpliced(
        rest.findIndex((word) => !word.startsWith('-')),
        1,
      )
    : rest;
  const table = { ...globalFlags, ...(below ?? module).flags };
  if (typed.startsWith('-')) return flagNames(table);
  return objectNames(verb, words, typed, table, world);
}

function flagNames(table: FlagTable): string[] {
  return Object.keys(table).map((name) => `--${dashed(name)}`);
}

async function objectNames(
  verb: string,
  words: readonly string[],
  typed: string,
  table: FlagTable,
  world: World,
): Promise<string[]> {
  const { args, values } = parseArguments(words, table);
  const session = new Session({ world, globals: values as GlobalValues });
  try {
    if (NODES.has(verb)) return await namesOf('nodes', session);
    if (PODS.has(verb))
      return typed.includes('/')
        ? await slashNames(typed, session)
        : args.length === 0
          ? await namesOf('pods', session)
          : [];
    if (!TYPED.has(verb)) return [];
    if (typed.includes('/')) return await slashNames(typed, session);
    const [type] = args;
    if (type === undefined) return (await (await session.discovery()).all()).map(({ name }) => name);
    return type.includes('/') ? [] : await namesOf(type, session);
  } finally {
    session.close();
  }
}

async function slashNames(typed: string, session: Session): Promise<string[]> {
  const type = typed.slice(0, typed.indexOf('/'));
  return (await namesOf(type, session)).map((name) => `${type}/${name}`);
}

interface Named {
  readonly metadata: { readonly name: string };
}

async function namesOf(type: string, session: Session): Promise<string[]> {
  const [target] = await parseTargets([type], session);
  if (!target) return [];
  const { items } = await (await session.client()).list<Named>(pathOf(target));
  return items.map(({ metadata }) => metadata.name);
}

function startingWith(words: readonly string[], typed: string): string[] {
  return words.filter((word) => word.startsWith(typed));
}
